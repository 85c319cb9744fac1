package org.ballast.core.text;

import org.ballast.core.fuzz.ReaderContract;
import org.junit.jupiter.api.Test;

/** What the fuzz test of {@code tokenizer.json} found and was seeded with, without Jazzer, and mutations of it. */
class TokenizerCorpusTest {
    @Test
    void tokenizers() {
        ReaderContract.corpus(TokenizerFuzz.class, "tokenizer", 5)
                .forEach(input -> ReaderContract.check(input, TokenizerFuzz::read));
    }
}
