package org.ballast.spark.shard;

import java.util.Arrays;
import java.util.stream.Collectors;

/** The formats of sources. */
public enum AnnotationLayout {
    /** Told by the source's name and its first rows ({@link FormatDetection}). */
    AUTO("auto", null, null),
    /** {@code image_id, image, text_input, label}. */
    OPENMMLO("openmmlo", new OpenMmloFormat(), Gives.SAMPLES),
    /** {@code id, image, conversations}. */
    LLAVA_INSTRUCT("llava-instruct", new LlavaInstructFormat(), Gives.PROMPTS),
    /** As {@link #LLAVA_INSTRUCT}. */
    SHAREGPT4V("sharegpt4v", new LlavaInstructFormat(), Gives.PROMPTS),
    /** {@code question_id, image, text, label}. */
    POPE("pope", new PopeFormat(), Gives.PROMPTS),
    /** {@code id, image, prompt, completions} with score and type. */
    BPO("bpo", new BpoFormat(), Gives.PROMPTS),
    /** {@code id, prompt, completions} with ratings. */
    VLFEEDBACK("vlfeedback", new VlFeedbackFormat(), Gives.PROMPTS),
    /** {@code idx, image, question, chosen, rejected}. */
    RLAIF_V("rlaif-v", new RlaifVFormat(), Gives.PROMPTS),
    /** {@code annotations} of {@code image_id, caption}. */
    MINIGPT4("minigpt4", new MiniGpt4Format(), Gives.PROMPTS),
    /** A folder of pictures, with captions beside them or not. */
    IMAGE_FOLDER("image-folder", new PictureRowFormat(), null),
    /** Tar shards of pictures and what belongs to them. */
    WEBDATASET("webdataset", new PictureRowFormat(), null),
    /** Raw grey pictures with labels, as MNIST. */
    IDX("idx", new PictureRowFormat(), Gives.SAMPLES),
    /** A finished stage of our own. */
    BALLAST("ballast", new StageFormat(), null);

    /** What the rows of a source become. */
    public enum Gives {
        /** Rows of {@code samples}. */
        SAMPLES,
        /** Rows of {@code prompts} and {@code completions}. */
        PROMPTS
    }

    private final String stored;
    private final AnnotationFormat format;
    private final Gives gives;

    AnnotationLayout(String stored, AnnotationFormat format, Gives gives) {
        this.stored = stored;
        this.format = format;
        this.gives = gives;
    }

    /** The name in configurations. */
    public String stored() {
        return stored;
    }

    AnnotationFormat format() {
        return format;
    }

    /** What the rows of every source of this format become; null where that is a matter of the source. */
    public Gives gives() {
        return gives;
    }

    /** True where the pictures lie in the source itself, which then needs no image root. */
    boolean holdsPictures() {
        return this == IMAGE_FOLDER || this == WEBDATASET || this == IDX || this == BALLAST;
    }

    /** @throws IllegalArgumentException naming the known formats */
    public static AnnotationLayout of(String stored) {
        for (AnnotationLayout layout : values()) {
            if (layout.stored.equals(stored)) {
                return layout;
            }
        }
        throw new IllegalArgumentException("unknown annotation format '%s': one of %s"
                .formatted(
                        stored,
                        Arrays.stream(values()).map(layout -> layout.stored).collect(Collectors.joining(", "))));
    }
}
