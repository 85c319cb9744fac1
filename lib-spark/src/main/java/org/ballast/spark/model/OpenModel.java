package org.ballast.spark.model;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import org.ballast.core.data.Prompt;
import org.ballast.core.data.Reason;
import org.ballast.core.image.AlphaMode;
import org.ballast.core.image.ClipPreprocessor;
import org.ballast.core.image.ImageDecoder;
import org.ballast.core.image.ImageLimits;
import org.ballast.core.image.ImageRejected;
import org.ballast.core.mllm.EncodedExample;
import org.ballast.core.mllm.LlavaModel;
import org.ballast.core.mllm.LoraAdapter;
import org.ballast.core.text.LlavaTokenizer;
import org.ballast.core.text.TextRejected;
import org.ballast.spark.train.ExecutorCache;

/**
 * A model that is ready to work in this JVM, with the tokenizer, template and preprocessor that belong to it. Opened once
 * for all tasks of a JVM, which share it.
 */
public final class OpenModel implements AutoCloseable {
    /** One idle model is kept: the next task mostly wants the same. */
    private static final ExecutorCache<OpenModel> OPEN = new ExecutorCache<>(1);

    /** What the job shard let through is decoded as it is. */
    private static final ImageLimits STORED = new ImageLimits(Integer.MAX_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE);

    private final LlavaModel model;
    private final LlavaTokenizer tokenizer;
    private final ClipPreprocessor preprocessor;
    private final ImageDecoder decoder;
    private final int maxLength;

    private OpenModel(ModelSpec spec) throws IOException {
        Path checkpoint = spec.checkpoint().local();
        TemplateFile template = TemplateFile.read(checkpoint);
        LlavaModel base = LlavaModel.open(checkpoint);
        if (spec.adapter() == null) {
            model = base;
        } else {
            model = LoraAdapter.read(spec.adapter().local(), base.config()).merge(base);
            base.close();
        }
        tokenizer = LlavaTokenizer.open(checkpoint, template.template(), template.tokens());
        preprocessor = ClipPreprocessor.read(checkpoint);
        decoder = new ImageDecoder(STORED, AlphaMode.WHITE);
        maxLength = template.maxLength();
    }

    /** The model of this specification, opened if it is not open in this JVM; stays open while the lease does. */
    public static ExecutorCache<OpenModel>.Lease lease(ModelSpec spec) {
        return OPEN.lease(spec.toString(), () -> {
            try {
                return new OpenModel(spec);
            } catch (IOException e) {
                throw new UncheckedIOException("cannot open the model " + spec, e);
            }
        });
    }

    @Override
    public void close() {
        model.close();
        tokenizer.close();
    }

    public LlavaModel model() {
        return model;
    }

    public LlavaTokenizer tokenizer() {
        return tokenizer;
    }

    public ClipPreprocessor preprocessor() {
        return preprocessor;
    }

    /** Longest sequence in tokens. */
    public int maxLength() {
        return maxLength;
    }

    /** Normalised pixels [3, side, side] of an encoded picture. */
    public float[] pixels(byte[] picture) throws ImageRejected {
        return preprocessor.apply(decoder.decode(picture));
    }

    /** Token ids of a prompt, the place of its picture filled with image tokens. */
    public int[] promptIds(Prompt prompt) throws TextRejected {
        List<LlavaTokenizer.Turn> history = prompt.history().stream()
                .map(turn -> new LlavaTokenizer.Turn(turn.prompt(), turn.response()))
                .toList();
        return tokenizer.encodePrompt(
                history, prompt.prompt(), prompt.hasImage(), model.config().imageTokens());
    }

    /** The quarantine reason of a text that {@link #promptIds} or {@link #encode} rejected. */
    public static Reason reason(TextRejected fault) {
        return fault.reason() == TextRejected.Reason.TOO_LONG ? Reason.TOO_LONG : Reason.NO_IMAGE;
    }

    /**
     * A row for training or scoring, cut to the model's length where it must be.
     *
     * @param pixels of the prompt's picture, null where it has none
     * @throws TextRejected when image tokens and template alone are too long
     */
    public EncodedExample encode(String id, float[] pixels, Prompt prompt, String response) throws TextRejected {
        LlavaTokenizer.Fitted fitted = tokenizer.fit(promptIds(prompt), tokenizer.encodeResponse(response), maxLength);
        return new EncodedExample(id, pixels, fitted.prompt(), fitted.response());
    }
}
