package org.ballast.core.text;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.ballast.core.fuzz.ReaderContract;

/** {@code tokenizer.json}, and a text through it. Rust reads it: what kills the process there is a finding as well. */
class TokenizerFuzz {
    private static final Path FILE;

    static {
        try {
            FILE = Files.createTempFile("tokenizer", ".json");
            FILE.toFile().deleteOnExit();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @FuzzTest
    void tokenizer(byte[] input) {
        ReaderContract.check(input, TokenizerFuzz::read);
    }

    static void read(byte[] input) throws IOException {
        Files.write(FILE, input);
        try (LlavaTokenizer tokenizer =
                LlavaTokenizer.open(FILE, PromptTemplate.llava15(), LlavaTokenizer.SpecialTokens.llava15())) {
            tokenizer.decode(tokenizer.parse("A red fox, h\u00e9l\u00e9 <image></s>", true));
        }
    }
}
