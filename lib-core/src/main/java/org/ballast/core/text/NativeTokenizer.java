package org.ballast.core.text;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/** The one way to DJL's tokenizers: from a {@code tokenizer.json} in memory, offline, without padding and with truncation only on request. */
final class NativeTokenizer implements AutoCloseable {
    static {
        // DJL asks a cloud metadata server once a day, and would look for its native library elsewhere
        System.setProperty("OPT_OUT_TRACKING", "true");
        System.setProperty("ai.djl.offline", "true");
    }

    private final HuggingFaceTokenizer tokenizer;
    private final String source;

    /**
     * @param json the text of {@code tokenizer.json}
     * @param source named in errors
     * @param maxLength longest sequence with its special tokens; 0: no limit
     */
    NativeTokenizer(byte[] json, String source, int maxLength) throws IOException {
        this.source = source;
        Map<String, String> options = new HashMap<>(Map.of("padding", "false", "addSpecialTokens", "true"));
        if (maxLength > 0) {
            options.put("truncation", "true");
            options.put("maxLength", Integer.toString(maxLength));
            options.put("modelMaxLength", Integer.toString(maxLength));
        } else {
            options.put("truncation", "false");
        }
        try {
            tokenizer = HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(json), options);
        } catch (RuntimeException e) { // what the native reader throws
            throw new IllegalArgumentException(source + ": no tokenizer: " + e.getMessage(), e);
        }
    }

    int[] encode(String text, boolean specialTokens) {
        try {
            return ints(tokenizer.encode(wellFormed(text), specialTokens, false).getIds());
        } catch (RuntimeException e) { // what the native code throws, of a model that has no unknown token
            throw new IllegalArgumentException(source + ": cannot encode \"" + text + "\": " + e.getMessage(), e);
        }
    }

    String decode(int[] ids, boolean skipSpecialTokens) {
        long[] longs = new long[ids.length];
        for (int i = 0; i < ids.length; i++) {
            longs[i] = ids[i];
        }
        try {
            return tokenizer.decode(longs, skipSpecialTokens);
        } catch (RuntimeException e) { // what the native code throws
            throw new IllegalArgumentException(
                    source + ": cannot decode " + Arrays.toString(ids) + ": " + e.getMessage(), e);
        }
    }

    /** A half of a surrogate pair has no UTF-8: it becomes U+FFFD here, before the native code sees it. */
    private static String wellFormed(String text) {
        var out = new StringBuilder();
        text.codePoints()
                .map(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE ? 0xfffd : c)
                .forEach(out::appendCodePoint);
        return out.toString();
    }

    private static int[] ints(long[] longs) {
        int[] ints = new int[longs.length];
        for (int i = 0; i < ints.length; i++) {
            ints[i] = Math.toIntExact(longs[i]);
        }
        return ints;
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
