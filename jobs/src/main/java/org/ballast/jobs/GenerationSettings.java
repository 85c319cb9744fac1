package org.ballast.jobs;

import org.ballast.core.config.Settings;
import org.ballast.core.mllm.generate.Contrast;
import org.ballast.core.mllm.generate.GenerationOptions;

/** The keys that say how tokens are chosen; the same in all jobs. */
public final class GenerationSettings {
    /** The last diffusion step. */
    public static final int LAST_STEP = 999;

    private GenerationSettings() {}

    /** {@code max-tokens}, {@code temperature}, {@code top-k} and {@code top-p}. */
    public static GenerationOptions sampling(Settings settings, long seed) {
        return GenerationOptions.sampling(
                settings.integer("max-tokens", 1, 1_000_000),
                settings.number("temperature", 0, 100),
                settings.integer("top-k", 0, 10_000_000),
                settings.number("top-p", 1e-9, 1),
                seed);
    }

    /** {@code direction}, {@code alpha} and {@code cut}. */
    public static Contrast contrast(Settings settings) {
        return new Contrast(
                settings.choice("direction", Contrast.Direction.class),
                settings.number("alpha", 0, 1000),
                settings.number("cut", 1e-9, 1));
    }

    /** {@code step}: how much noise the weakened picture has. */
    public static int noiseStep(Settings settings) {
        return settings.integer("step", 0, LAST_STEP);
    }
}
