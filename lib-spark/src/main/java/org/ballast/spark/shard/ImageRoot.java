package org.ballast.spark.shard;

import java.io.Serializable;
import java.util.Locale;

/**
 * Where pictures are read from.
 *
 * @param name as the configuration names it, for messages
 * @param uri qualified; of a {@code .tar.gz} that was unpacked, the plain tar
 */
record ImageRoot(int index, String name, String uri, Kind kind) implements Serializable {
    /** How a root is stored. */
    enum Kind {
        FOLDER,
        TAR,
        TAR_GZ
    }

    /** The kind of archive that a file's name tells, null for neither. */
    static Kind archive(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        if (lower.endsWith(".tar")) {
            return Kind.TAR;
        }
        return lower.endsWith(".tar.gz") || lower.endsWith(".tgz") ? Kind.TAR_GZ : null;
    }
}
