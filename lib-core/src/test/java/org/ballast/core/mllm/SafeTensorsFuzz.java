package org.ballast.core.mllm;

import com.code_intelligence.jazzer.junit.FuzzTest;
import org.ballast.core.fuzz.ReaderContract;

/** A whole safetensors file. */
class SafeTensorsFuzz {
    @FuzzTest
    void header(byte[] input) {
        ReaderContract.check(input, SafeTensorsFuzz::read);
    }

    static void read(byte[] input) {
        SafeTensorsHeader.parse(input, "model.safetensors");
    }
}
