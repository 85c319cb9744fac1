package org.ballast.spark.shard;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import org.ballast.core.data.Completion;
import org.ballast.core.data.CompletionType;
import org.ballast.core.data.Reason;
import org.ballast.core.data.RowRejected;
import org.ballast.core.data.Sha256;

/**
 * VLFeedback (arXiv 2312.10665, {@code MMInstruction/VLFeedback}): {@code id}, {@code prompt}, {@code completions} of
 * {@code response}, {@code model} and {@code annotations}, which hold a {@code Rating} of 1 to 5 as text for each of several
 * aspects. JSON lines have a list of completions; {@code datasets} turns it into an object of lists. The picture is
 * {@code image}, {@code img_path}, or {@code <id>.jpg}, as the data set's loading script has it.
 *
 * <p>The score is the mean of the ratings, as Silkie's {@code run_dpo.py} takes it; an aspect without a number is left out. The
 * best response is {@link CompletionType#GROUND_TRUTH}, the others are {@link CompletionType#SCORED}.
 */
final class VlFeedbackFormat implements AnnotationFormat {
    @Override
    public List<Candidate> candidates(JsonNode row, RowContext context) throws RowRejected {
        String id = AnnotationFormat.id(row, "id", context);
        String image = image(row, context);
        String prompt = AnnotationFormat.question(AnnotationFormat.text(row, "prompt", false), image);
        List<SourceCompletion> completions = completions(row.get("completions"));
        String digest = Sha256.of(RlaifVFormat.pictureName(row, image), prompt, SourceCompletion.digest(completions));
        return List.of(Candidate.prompt(
                context,
                0,
                id,
                digest,
                image,
                prompt,
                completions,
                List.of(),
                null,
                context.input().kind(),
                AnnotationFormat.split(row, context)));
    }

    private static String image(JsonNode row, RowContext context) throws RowRejected {
        if (row.has("image")) {
            return AnnotationFormat.image(row, context);
        }
        String path = row.path("img_path").isTextual()
                ? row.get("img_path").asText()
                : row.get("id").asText() + ".jpg";
        return AnnotationFormat.image(path, context);
    }

    private static List<SourceCompletion> completions(JsonNode given) throws RowRejected {
        List<JsonNode> each = each(given);
        if (each.isEmpty()) {
            throw new RowRejected(
                    Reason.MISSING_FIELD, "completions must hold responses, was " + AnnotationFormat.shown(given));
        }
        BpoFormat.requireFew(each.size());
        List<SourceCompletion> completions = new ArrayList<>();
        for (int i = 0; i < each.size(); i++) {
            JsonNode one = each.get(i);
            String what = "completion %d: ".formatted(i);
            String model = one.path("model").asText("");
            completions.add(new SourceCompletion(
                    AnnotationFormat.response(one.get("response"), what + "response"),
                    CompletionType.SCORED,
                    score(one.get("annotations"), what),
                    model.isBlank() ? Completion.SOURCE : model,
                    i));
        }
        return withBest(completions);
    }

    /** The completions, the best first and marked as such. */
    static List<SourceCompletion> withBest(List<SourceCompletion> completions) {
        List<SourceCompletion> sorted = new ArrayList<>(SourceCompletion.bestFirst(completions));
        SourceCompletion best = sorted.get(0);
        sorted.set(
                0,
                new SourceCompletion(
                        best.response(), CompletionType.GROUND_TRUTH, best.score(), best.model(), best.ordinal()));
        return List.copyOf(sorted);
    }

    /** The completions one by one, be they a list of objects or an object of lists. */
    private static List<JsonNode> each(JsonNode given) throws RowRejected {
        List<JsonNode> each = new ArrayList<>();
        if (given != null && given.isArray()) {
            given.forEach(each::add);
        } else if (given != null && given.isObject()) {
            int count = given.path("response").size();
            for (String field : List.of("response", "model", "annotations")) {
                JsonNode list = given.path(field);
                if (list.isArray() ? list.size() != count : !list.isMissingNode()) {
                    throw new RowRejected(
                            Reason.MISSING_FIELD,
                            "completions: %s must be a list of %d, was %s"
                                    .formatted(field, count, AnnotationFormat.shown(list)));
                }
            }
            BpoFormat.requireFew(count);
            for (int i = 0; i < count; i++) {
                ObjectNode one = JsonNodeFactory.instance.objectNode();
                for (String field : List.of("response", "model", "annotations")) {
                    if (given.has(field)) {
                        one.set(field, given.get(field).get(i));
                    }
                }
                each.add(one);
            }
        }
        return each;
    }

    private static double score(JsonNode annotations, String what) throws RowRejected {
        if (annotations == null || !annotations.isObject() || annotations.isEmpty()) {
            throw new RowRejected(
                    Reason.MISSING_FIELD,
                    "%sannotations must hold ratings, was %s".formatted(what, AnnotationFormat.shown(annotations)));
        }
        double sum = 0;
        int count = 0;
        for (JsonNode aspect : annotations) {
            double rating = rating(aspect.path("Rating"));
            if (!Double.isNaN(rating)) {
                sum += rating;
                count++;
            }
        }
        double mean = sum / count;
        if (!Double.isFinite(mean)) {
            throw new RowRejected(
                    Reason.NOT_FINITE,
                    "%sno rating is a number: %s".formatted(what, AnnotationFormat.shown(annotations)));
        }
        return mean;
    }

    /** NaN where there is none. */
    private static double rating(JsonNode rating) {
        if (rating.isNumber()) {
            return rating.doubleValue();
        }
        if (!rating.isTextual() || rating.asText().length() > 20) {
            return Double.NaN;
        }
        try {
            return Double.parseDouble(rating.asText().strip());
        } catch (NumberFormatException e) {
            return Double.NaN;
        }
    }
}
