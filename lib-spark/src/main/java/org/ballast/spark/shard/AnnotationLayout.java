package org.ballast.spark.shard;

/** The layouts of annotation files. */
public enum AnnotationLayout {
    /** {@code image_id, image, text_input, label}: gives {@code samples}. */
    OPENMMLO("openmmlo", new OpenMmloFormat()),
    /** {@code id, image, conversations}: gives {@code prompts} and {@code completions}. */
    LLAVA_INSTRUCT("llava-instruct", new LlavaInstructFormat()),
    /** {@code question_id, image, text, label}: gives {@code prompts} and {@code completions}. */
    POPE("pope", new PopeFormat());

    private final String stored;
    private final AnnotationFormat format;

    AnnotationLayout(String stored, AnnotationFormat format) {
        this.stored = stored;
        this.format = format;
    }

    /** The name in configurations. */
    public String stored() {
        return stored;
    }

    AnnotationFormat format() {
        return format;
    }

    /** True when the rows become {@code samples}, false when they become {@code prompts} and {@code completions}. */
    public boolean givesSamples() {
        return this == OPENMMLO;
    }

    /** @throws IllegalArgumentException naming the known layouts */
    public static AnnotationLayout of(String stored) {
        for (AnnotationLayout layout : values()) {
            if (layout.stored.equals(stored)) {
                return layout;
            }
        }
        throw new IllegalArgumentException(
                "unknown annotation format '" + stored + "': one of openmmlo, llava-instruct, pope");
    }
}
