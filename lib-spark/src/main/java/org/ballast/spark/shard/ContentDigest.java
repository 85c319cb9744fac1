package org.ballast.spark.shard;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Set;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructType;
import scala.collection.Iterator;
import scala.collection.Seq;

/**
 * Digest of what a candidate says: of all that its rows in the tables hold but their picture and their window, so that two
 * runs can tell whether a row changed. Where the row stands does not count, nor under which name its picture.
 */
final class ContentDigest {
    private static final Set<String> LEFT_OUT =
            Set.of("input", "position", "turn", "root", "image", "digest", "split", "raw", "reason", "message");
    /** 128 bits. */
    private static final int BYTES = 16;

    private final MessageDigest sha256;
    private long bytes;

    ContentDigest() {
        try {
            sha256 = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }

    /**
     * Digest of a row of {@link Candidate#SCHEMA}.
     *
     * @param labelName name of its class, null when unknown
     */
    String of(Row candidate, ShardInput input, String labelName) {
        bytes = 0;
        StructType schema = Candidate.SCHEMA;
        for (int i = 0; i < schema.length(); i++) {
            if (!LEFT_OUT.contains(schema.fieldNames()[i])) {
                add(candidate.get(i));
            }
        }
        add(labelName);
        add(input.domain().stored());
        add(input.source());
        return HexFormat.of().formatHex(Arrays.copyOf(sha256.digest(), BYTES));
    }

    /** Bytes of what was digested last: about what the row takes before compression. */
    long bytes() {
        return bytes;
    }

    private void add(Object value) {
        if (value == null) {
            put('n', 0);
        } else if (value instanceof Seq<?> many) {
            put('a', many.size());
            for (Iterator<?> each = many.iterator(); each.hasNext(); ) {
                add(each.next());
            }
        } else if (value instanceof Row struct) {
            put('s', struct.length());
            for (int i = 0; i < struct.length(); i++) {
                add(struct.get(i));
            }
        } else {
            byte[] text = value.toString().getBytes(StandardCharsets.UTF_8);
            put('t', text.length);
            sha256.update(text);
            bytes += text.length;
        }
    }

    private void put(char kind, int size) {
        sha256.update(ByteBuffer.allocate(5).put((byte) kind).putInt(size).array());
    }
}
