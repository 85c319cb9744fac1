package org.ballast.spark.model;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.ballast.core.data.Prompt;
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

/**
 * A model that is ready to work in this JVM, with the tokenizer, template and preprocessor that belong to it. Opened once
 * for all tasks; several may use it at a time.
 */
public final class OpenModel {
    /** Models that stay open: the one at work and the one before it, for tasks that are still ending. */
    private static final int KEPT = 3;

    private static final Map<ModelSpec, OpenModel> OPEN = new LinkedHashMap<>(16, 0.75f, true);

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
        decoder = new ImageDecoder(ImageLimits.defaults(), AlphaMode.WHITE);
        maxLength = template.maxLength();
    }

    /** The open model of this specification. */
    public static OpenModel of(ModelSpec spec) {
        synchronized (OPEN) {
            OpenModel open = OPEN.get(spec);
            if (open == null) {
                try {
                    open = new OpenModel(spec);
                } catch (IOException e) {
                    throw new UncheckedIOException("cannot open the model " + spec, e);
                }
                // what falls out is left to its users and the collector: a task may still be at work with it
                OPEN.put(spec, open);
                if (OPEN.size() > KEPT) {
                    OPEN.remove(OPEN.keySet().iterator().next());
                }
            }
            return open;
        }
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

    /**
     * A row for training or scoring, cut to the model's length where it must be.
     *
     * @param pixels of the prompt's picture, null where it has none
     * @throws TextRejected when image tokens and template alone are too long
     */
    public EncodedExample encode(String id, float[] pixels, Prompt prompt, String response) throws TextRejected {
        LlavaTokenizer.Fitted fitted =
                tokenizer.fit(promptIds(prompt), tokenizer.encodeResponse(response), maxLength);
        return new EncodedExample(id, pixels, fitted.prompt(), fitted.response());
    }
}
