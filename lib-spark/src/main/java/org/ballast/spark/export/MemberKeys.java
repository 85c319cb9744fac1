package org.ballast.spark.export;

import java.util.regex.Pattern;
import org.ballast.core.data.Sha256;

/** Names of samples in tar shards. */
final class MemberKeys {
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_-]{0,63}");
    /** What {@link #of} makes of other ids; a plain id of that look is treated like them, so that no two ids share a key. */
    private static final Pattern MADE = Pattern.compile(".*-[0-9a-f]{16}");

    private MemberKeys() {}

    /**
     * The key of an id: the id itself where it is a short, plain name; else what of it is plain, and 16 digits of its
     * digest. A key holds no dot (what follows the first one is a reader's file type), no slash and nothing but ASCII.
     */
    static String of(String id) {
        if (PLAIN.matcher(id).matches() && !MADE.matcher(id).matches()) {
            return id;
        }
        String plain = id.replaceAll("[^A-Za-z0-9_-]+", "_").replaceAll("^[_-]+|[_-]+$", "");
        String start = plain.substring(0, Math.min(plain.length(), 40));
        return (start.isEmpty() ? "id" : start) + "-" + Sha256.of(id).substring(0, 16);
    }
}
