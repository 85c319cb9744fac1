package org.ballast.core.mllm;

import org.ballast.core.fuzz.ReaderContract;
import org.junit.jupiter.api.Test;

/** What the fuzz tests found and were seeded with, without Jazzer, and a few thousand mutations of it. */
class ReaderCorpusTest {
    private static final int MUTATIONS = 20;

    @Test
    void safetensors() {
        ReaderContract.corpus(SafeTensorsFuzz.class, "header", MUTATIONS)
                .forEach(input -> ReaderContract.check(input, SafeTensorsFuzz::read));
    }

    @Test
    void configurations() {
        ReaderContract.corpus(LlavaConfigFuzz.class, "config", MUTATIONS)
                .forEach(input -> ReaderContract.check(input, LlavaConfigFuzz::read));
    }

    @Test
    void adapters() {
        ReaderContract.corpus(PeftFuzz.class, "adapter", MUTATIONS)
                .forEach(input -> ReaderContract.check(input, PeftFuzz::read));
    }
}
