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
        // the names of ten thousand layers, the most that a file may ask for, take 40 MB by themselves
        if (config.text().layers() + (config.hasVision() ? config.vision().layers() : 0) <= 1_000) {
            LlavaTensors.used(config);
        }
    }
}
