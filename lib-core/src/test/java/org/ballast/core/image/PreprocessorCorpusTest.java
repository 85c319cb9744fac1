package org.ballast.core.image;

import org.ballast.core.fuzz.ReaderContract;
import org.junit.jupiter.api.Test;

/** What the fuzz test of {@code preprocessor_config.json} found and was seeded with, without Jazzer, and mutations of it. */
class PreprocessorCorpusTest {
    @Test
    void preprocessors() {
        ReaderContract.corpus(PreprocessorFuzz.class, "preprocessor", 200)
                .forEach(input -> ReaderContract.check(input, PreprocessorFuzz::read));
    }
}
