package org.ballast.core.image;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;
import org.ballast.core.fuzz.ReaderContract;

/** {@code preprocessor_config.json}. */
class PreprocessorFuzz {
    @FuzzTest
    void preprocessor(byte[] input) {
        ReaderContract.check(input, PreprocessorFuzz::read);
    }

    static void read(byte[] input) {
        ClipPreprocessor.parse(new String(input, StandardCharsets.UTF_8), "preprocessor_config.json");
    }
}
