package org.ballast.spark.model;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.ballast.core.data.Prompt;
import org.ballast.core.data.Reason;
import org.ballast.core.data.Turn;
import org.ballast.core.image.ClipPreprocessor;
import org.ballast.core.image.ImageDecoder;
import org.ballast.core.image.ImageLimits;
import org.ballast.core.image.ImageRejected;
import org.ballast.core.mllm.CheckpointException;
import org.ballast.core.mllm.EncodedExample;
import org.ballast.core.mllm.ImageInput;
import org.ballast.core.mllm.LlavaConfig;
import org.ballast.core.mllm.LlavaModel;
import org.ballast.core.mllm.LoraAdapter;
import org.ballast.core.mllm.MemorySettings;
import org.ballast.core.mllm.Precision;
import org.ballast.core.mllm.Scorer;
import org.ballast.core.mllm.generate.Generator;
import org.ballast.core.mllm.generate.Vocabulary;
import org.ballast.core.text.EndTokens;
import org.ballast.core.text.LlavaTokenizer;
import org.ballast.core.text.PromptTemplate;
import org.ballast.core.text.TextRejected;
import org.ballast.spark.device.Devices;
import org.ballast.spark.train.ExecutorCache;
import org.bytedeco.pytorch.Device;

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
    private final LoraAdapter adapter;
    private final LlavaTokenizer tokenizer;
    private final List<Integer> endIds;
    private final ClipPreprocessor preprocessor;
    private final ImageDecoder decoder;
    private final int maxLength;

    private OpenModel(ModelSpec spec, String device) throws IOException {
        Path checkpoint = spec.checkpoint().local();
        LlavaModel base = open(checkpoint, spec.precision(), device);
        LoraAdapter read =
                spec.adapter() == null ? null : LoraAdapter.read(spec.adapter().local(), base.config());
        // in bf16 the sum of weight and update would lose most of the update
        if (read != null && spec.precision() == Precision.FLOAT32) {
            model = read.merge(base);
            adapter = null;
            base.close();
        } else {
            model = base;
            adapter = read;
        }
        LlavaConfig config = model.config();
        TemplateFile own = TemplateFile.in(checkpoint) ? TemplateFile.read(checkpoint) : null;
        PromptTemplate template = template(spec, own, config);
        maxLength = own == null ? config.text().positionLimit() : own.maxLength();
        if (own != null && own.tokens() != null) {
            tokenizer = LlavaTokenizer.open(checkpoint, template, own.tokens());
            endIds = List.of(tokenizer.endId());
        } else {
            EndTokens ends = EndTokens.read(checkpoint, config.text().endTokenIds());
            tokenizer = LlavaTokenizer.open(checkpoint, template, config.imageTokenId(), ends);
            endIds = ends.stops().isEmpty() ? List.of(tokenizer.endId()) : ends.stops();
        }
        preprocessor = config.hasVision() ? preprocessor(checkpoint, config) : null;
        decoder = new ImageDecoder(STORED, spec.pictures());
    }

    private static LlavaModel open(Path checkpoint, Precision precision, String device) {
        try (Device on = new Device(device)) {
            return LlavaModel.open(checkpoint, precision, on);
        }
    }

    private static PromptTemplate template(ModelSpec spec, TemplateFile own, LlavaConfig config) {
        if (spec.template() != null) {
            return spec.template();
        }
        if (own != null) {
            return own.template();
        }
        // a decoder alone was taught no template that could be known here
        return config.hasVision() ? PromptTemplate.llava15() : PromptTemplate.none();
    }

    private static ClipPreprocessor preprocessor(Path checkpoint, LlavaConfig config) throws IOException {
        ClipPreprocessor preprocessor = ClipPreprocessor.read(checkpoint);
        int side = config.vision().imageSize();
        if (preprocessor.height() != side || preprocessor.width() != side) {
            throw new IllegalArgumentException(
                    "%s: the preprocessor makes pictures of %d x %d pixels, the model's vision tower reads %d x %d"
                            .formatted(checkpoint, preprocessor.height(), preprocessor.width(), side, side));
        }
        return preprocessor;
    }

    /**
     * The model of this specification, opened if it is not open in this JVM; stays open while the lease does.
     *
     * @throws UnusableModelException naming the file and what is wrong with it
     */
    public static ExecutorCache<OpenModel>.Lease lease(ModelSpec spec) {
        String device = Devices.ofTask();
        return OPEN.lease(spec + " on " + device, () -> {
            try {
                return new OpenModel(spec, device);
            } catch (CheckpointException | IllegalArgumentException | IOException e) {
                String adapter = spec.adapter() == null
                        ? ""
                        : " with the adapter " + spec.adapter().uri();
                throw new UnusableModelException(
                        "the model " + spec.checkpoint().uri() + adapter + " cannot be used: " + e.getMessage(), e);
            }
        });
    }

    @Override
    public void close() {
        model.close();
        tokenizer.close();
    }

    /** The model; in float32 with its adapter merged into the weights, in bf16 without it. */
    public LlavaModel model() {
        return model;
    }

    public LlavaTokenizer tokenizer() {
        return tokenizer;
    }

    /** Scores responses with this model and its adapter; the caller closes it. */
    public Scorer scorer(MemorySettings memory) {
        return new Scorer(model, adapter, memory);
    }

    /** Answers prompts with this model and its adapter, up to {@code maxRows} at once; the caller closes it. */
    public Generator generator(int maxRows) {
        int[] ends = endIds.stream().mapToInt(Integer::intValue).toArray();
        return new Generator(model, adapter, new Vocabulary(ends, tokenizer::decodeResponse), maxRows);
    }

    /** Null for a model that reads text only. */
    public ClipPreprocessor preprocessor() {
        return preprocessor;
    }

    /** Longest sequence in tokens. */
    public int maxLength() {
        return maxLength;
    }

    /** Normalised pixels [3, side, side] of an encoded picture. */
    public float[] pixels(byte[] picture) throws ImageRejected {
        if (preprocessor == null) {
            throw new ImageRejected(
                    ImageRejected.Reason.UNSUPPORTED, "the model reads text only, the row has a picture");
        }
        return preprocessor.apply(decoder.decode(picture));
    }

    /** Token ids of a prompt, the place of its picture filled with image tokens. */
    public int[] promptIds(Prompt prompt) throws TextRejected {
        return promptIds(prompt.history(), prompt.prompt(), prompt.hasImage());
    }

    /** The same of a text behind earlier turns; without a picture the mark of one is a word of the text. */
    public int[] promptIds(List<Turn> history, String text, boolean hasImage) throws TextRejected {
        List<LlavaTokenizer.Turn> turns = history.stream()
                .map(turn -> new LlavaTokenizer.Turn(turn.prompt(), turn.response()))
                .toList();
        return tokenizer.encodePrompt(turns, text, hasImage, model.config().imageTokens());
    }

    /** The quarantine reason of a text that {@link #promptIds} or {@link #encode} rejected. */
    public static Reason reason(TextRejected fault) {
        return switch (fault.reason()) {
            case TOO_LONG -> Reason.TOO_LONG;
            case NO_IMAGE_TOKEN -> Reason.NO_IMAGE_TOKEN;
        };
    }

    /**
     * A row for training or scoring, cut to the model's length where it must be.
     *
     * @param image the prompt's picture, null where it has none
     * @throws TextRejected when image tokens and template alone are too long
     */
    public EncodedExample encode(String id, ImageInput image, Prompt prompt, String response) throws TextRejected {
        LlavaTokenizer.Fitted fitted = tokenizer.fit(promptIds(prompt), tokenizer.encodeResponse(response), maxLength);
        return new EncodedExample(id, image, fitted.prompt(), fitted.response());
    }
}
