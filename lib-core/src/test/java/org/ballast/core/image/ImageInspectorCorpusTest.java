package org.ballast.core.image;

import org.ballast.core.fuzz.ReaderContract;
import org.junit.jupiter.api.Test;

/** What the fuzz test of the pictures found and was seeded with, without Jazzer, and mutations of it. */
class ImageInspectorCorpusTest {
    @Test
    void pictures() {
        ReaderContract.corpus(ImageInspectorFuzz.class, "inspector", 100)
                .forEach(input -> ReaderContract.check(input, ImageInspectorFuzz::read));
    }
}
