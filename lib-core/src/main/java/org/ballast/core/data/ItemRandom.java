package org.ballast.core.data;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * The generator of one item: {@code L64X128MixRandom} seeded with sha256(seed, stream, item id, attempt), so that what is drawn for an item does
 * not depend on its partition, its neighbours or an earlier failure.
 */
public final class ItemRandom {
    private static final RandomGeneratorFactory<RandomGenerator> FACTORY =
            RandomGeneratorFactory.of("L64X128MixRandom");

    private ItemRandom() {}

    /**
     * A fresh generator. The digest covers the seed (8 bytes, big-endian), stream and item id (each UTF-8 behind its length in 4 bytes) and the
     * attempt (4 bytes); its 32 bytes are the generator's whole state.
     *
     * @param stream what the draws are for: {@code noise}, {@code sample}, {@code shuffle}, {@code init}
     * @param attempt from 0
     */
    public static RandomGenerator of(long seed, String stream, String itemId, int attempt) {
        return FACTORY.create(digest(seed, stream, itemId, attempt));
    }

    static byte[] digest(long seed, String stream, String itemId, int attempt) {
        var bytes = new ByteArrayOutputStream();
        try (var out = new DataOutputStream(bytes)) {
            out.writeLong(seed);
            for (String part : new String[] {stream, itemId}) {
                byte[] utf8 = part.getBytes(StandardCharsets.UTF_8);
                out.writeInt(utf8.length);
                out.write(utf8);
            }
            out.writeInt(attempt);
            return MessageDigest.getInstance("SHA-256").digest(bytes.toByteArray());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
