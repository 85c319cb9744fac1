package org.ballast.core.data;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-256 as 64 lower-case hexadecimal digits: the identity of pictures, completions, configurations and stages. */
public final class Sha256 {
    private Sha256() {}

    /** Digest of the bytes themselves. */
    public static String of(byte[] bytes) {
        return HexFormat.of().formatHex(instance().digest(bytes));
    }

    /**
     * Digest of a sequence of texts: each as UTF-8 behind its length in bytes (4, big endian), so that ("ab", "c") and
     * ("a", "bc") differ.
     *
     * @throws NullPointerException if a part is null
     */
    public static String of(String... parts) {
        MessageDigest digest = instance();
        for (String part : parts) {
            byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
            digest.update(
                    ByteBuffer.allocate(Integer.BYTES).putInt(bytes.length).array());
            digest.update(bytes);
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    /** True for 64 lower-case hexadecimal digits. */
    public static boolean isDigest(String text) {
        return text != null
                && text.length() == 64
                && text.chars().allMatch(c -> (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
    }

    private static MessageDigest instance() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }
}
