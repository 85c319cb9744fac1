package org.ballast.core.mllm;

import com.code_intelligence.jazzer.junit.FuzzTest;
import org.ballast.core.fuzz.ReaderContract;

/** {@code config.json}, and the names and shapes that follow from it. */
class LlavaConfigFuzz {
    @FuzzTest
    void config(byte[] input) {
        ReaderContract.check(input, LlavaConfigFuzz::read);
    }

    static void read(byte[] input) {
        LlavaConfig config = LlavaConfigFile.parse(input, "config.json");
        if (config.hasVision() && (config.imageTokens() < 1 || config.pixels() < 1)) {
            throw new AssertionError(config + " has " + config.imageTokens() + " image tokens");
        }
        LlavaTensors.used(config);
    }
}
