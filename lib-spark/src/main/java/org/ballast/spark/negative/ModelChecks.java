package org.ballast.spark.negative;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiPredicate;
import org.ballast.core.data.CompletionType;
import org.ballast.core.data.Prompt;
import org.ballast.core.data.Reason;
import org.ballast.core.image.ImageRejected;
import org.ballast.core.mllm.EncodedExample;
import org.ballast.core.mllm.ImageInput;
import org.ballast.core.mllm.MemorySettings;
import org.ballast.core.mllm.Scorer;
import org.ballast.core.text.TextRejected;
import org.ballast.spark.examples.PromptWithPicture;
import org.ballast.spark.model.ModelSpec;
import org.ballast.spark.model.OpenModel;
import org.ballast.spark.rows.PromptRows;

/**
 * Checks of negatives that need a model.
 *
 * @param similarity null: any
 * @param margin null: the checkpoint is not asked
 * @param measured whether the checkpoint is asked for the accounts, of all texts
 * @param checkpoint that is asked; null where it is not
 */
record ModelChecks(NegativeOptions.Window similarity, Double margin, boolean measured, ModelSpec checkpoint)
        implements Serializable {

    /**
     * What the checks say of a text.
     *
     * @param rejected empty for a good one
     * @param margin null where the checkpoint was not asked
     */
    record Verdict(Optional<NegativeUnit.Rejected> rejected, Double margin) {
        static final Verdict GOOD = new Verdict(Optional.empty(), null);

        static Verdict rejected(Reason reason, String message) {
            return new Verdict(Optional.of(new NegativeUnit.Rejected(reason, message)), null);
        }
    }

    /**
     * For each text.
     *
     * @param worth whether a text is worth a model's time; the others are good. Not asked where no check is on
     */
    List<Verdict> verdicts(
            Policy policy,
            List<Attempts.Open> open,
            List<Attempts.Tried> tried,
            BiPredicate<Attempts.Open, Attempts.Tried> worth) {
        // an answer to a weakened picture is wrong by where it comes from
        boolean judged = margin != null && policy.type() != CompletionType.WEAKENED;
        if (similarity == null && !judged && !measured) {
            return Collections.nCopies(open.size(), Verdict.GOOD);
        }
        BitSet asked = new BitSet();
        List<Verdict> verdicts = new ArrayList<>();
        for (int i = 0; i < open.size(); i++) {
            Attempts.Tried text = tried.get(i);
            asked.set(i, text.text() != null && worth.test(open.get(i), text));
            verdicts.add(asked.get(i) ? similarity(open.get(i), text.text()) : Verdict.GOOD);
        }
        if (judged || measured) {
            margins(open, tried, asked, verdicts, judged);
        }
        return verdicts;
    }

    private Verdict similarity(Attempts.Open open, String text) {
        if (similarity == null) {
            return Verdict.GOOD;
        }
        float[] wrong = Embeddings.of(text);
        float[] right = Embeddings.of(open.positive());
        double product = 0;
        for (int i = 0; i < wrong.length; i++) {
            product += wrong[i] * right[i];
        }
        return product >= similarity.least() && product <= similarity.most()
                ? Verdict.GOOD
                : Verdict.rejected(
                        Reason.SIMILARITY,
                        "its similarity to the positive is %.3f, not in %s .. %s"
                                .formatted(product, similarity.least(), similarity.most()));
    }

    private void margins(
            List<Attempts.Open> open,
            List<Attempts.Tried> tried,
            BitSet asked,
            List<Verdict> verdicts,
            boolean judged) {
        List<Integer> places = new ArrayList<>();
        List<EncodedExample> examples = new ArrayList<>();
        try (var lease = OpenModel.lease(checkpoint);
                Scorer scorer = lease.value().scorer(MemorySettings.DEFAULT)) {
            Map<String, ImageInput> pixels = new HashMap<>();
            for (int i = 0; i < open.size(); i++) {
                String text = tried.get(i).text();
                if (asked.get(i) && verdicts.get(i).rejected().isEmpty()) {
                    try {
                        Prompt prompt = PromptRows.fromRow(open.get(i).row());
                        ImageInput image = image(lease.value(), open.get(i), pixels);
                        EncodedExample right = lease.value()
                                .encode(
                                        prompt.promptId() + " +",
                                        image,
                                        prompt,
                                        open.get(i).positive());
                        EncodedExample wrong = lease.value().encode(prompt.promptId() + " -", image, prompt, text);
                        examples.add(right);
                        examples.add(wrong);
                        places.add(i);
                    } catch (TextRejected e) {
                        verdicts.set(i, Verdict.rejected(OpenModel.reason(e), e.getMessage()));
                    } catch (ImageRejected e) {
                        verdicts.set(i, Verdict.rejected(Reason.NOT_AN_IMAGE, e.getMessage()));
                    }
                }
            }
            List<double[]> logProbs = scorer.responseLogProbs(examples);
            for (int i = 0; i < places.size(); i++) {
                double lead = mean(logProbs.get(2 * i + 1)) - mean(logProbs.get(2 * i));
                Optional<NegativeUnit.Rejected> rejected = judged && lead > margin
                        ? Optional.of(new NegativeUnit.Rejected(
                                Reason.NOT_WRONG,
                                "the model holds it for truer than the positive, by %.3f nats a token".formatted(lead)))
                        : Optional.empty();
                verdicts.set(places.get(i), new Verdict(rejected, lead));
            }
        }
    }

    private static ImageInput image(OpenModel model, Attempts.Open open, Map<String, ImageInput> known)
            throws ImageRejected {
        byte[] picture = open.row().getAs(PromptWithPicture.PICTURE);
        if (picture == null) {
            return null;
        }
        String id = open.row().getAs("image_id");
        ImageInput image = known.get(id);
        if (image == null) {
            image = ImageInput.ofPixels(model.pixels(picture));
            known.put(id, image);
        }
        return image;
    }

    private static double mean(double[] logProbs) {
        return Arrays.stream(logProbs).average().orElse(0);
    }
}
