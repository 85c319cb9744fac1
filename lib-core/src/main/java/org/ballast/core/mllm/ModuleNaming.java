package org.ballast.core.mllm;

import java.util.List;

/**
 * How a version of transformers names the modules of a model; PEFT matches these paths against its configuration and writes them into the adapter's tensor
 * names, whatever the tensors of the checkpoint are called.
 */
enum ModuleNaming {
    /** {@code LlavaForConditionalGeneration} of transformers 5. */
    LLAVA_5("model.language_model.", "model.vision_tower.", "model."),
    /** The same from 4.52 on. */
    LLAVA_4_52("model.language_model.", "model.vision_tower.vision_model.", "model."),
    /** The same before 4.52. */
    LLAVA_4("language_model.model.", "vision_tower.vision_model.", ""),
    /** A bare {@code LlamaForCausalLM} and its like, in all versions. */
    DECODER("model.", null, null);

    private final String decoder;
    private final String tower;
    private final String beforeProjector;

    ModuleNaming(String decoder, String tower, String beforeProjector) {
        this.decoder = decoder;
        this.tower = tower;
        this.beforeProjector = beforeProjector;
    }

    /** The namings in which an adapter of that model may be stored, the one that is written first. */
    static List<ModuleNaming> of(LlavaConfig model) {
        return model.hasVision() ? List.of(LLAVA_5, LLAVA_4_52, LLAVA_4) : List.of(DECODER);
    }

    /** Whether a model of this naming has such a module. */
    boolean names(String hubName) {
        return tower != null || hubName.startsWith(LlavaTensors.DECODER);
    }

    /** The path of a module or tensor that {@link LlavaTensors} names. */
    String path(String hubName) {
        if (hubName.startsWith(LlavaTensors.DECODER)) {
            return decoder + hubName.substring(LlavaTensors.DECODER.length());
        }
        if (hubName.startsWith(LlavaTensors.TOWER)) {
            return tower + hubName.substring(LlavaTensors.TOWER.length());
        }
        return beforeProjector + hubName;
    }
}
