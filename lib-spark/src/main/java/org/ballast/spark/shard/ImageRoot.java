package org.ballast.spark.shard;

import java.io.Serializable;
import java.util.Locale;

/**
 * Where pictures are read from.
 *
 * @param name as the configuration names it, for messages
 * @param uri qualified; of a packed root that was unpacked, the plain tar
 */
record ImageRoot(int index, String name, String uri, Kind kind) implements Serializable {
    /** How a root is stored. */
    enum Kind {
        FOLDER,
        TAR,
        TAR_GZ,
        /** The rows of one Parquet file, see {@link ParquetPictures#path}. */
        PARQUET,
        /** The table {@code images} of a stage of our own: paths are image ids. */
        STAGE,
        /** A file of raw grey pictures, see {@link IdxFile}. */
        IDX;

        /** True where no picture can be read by itself, so that all are unpacked to a plain tar first. */
        boolean packed() {
            return this != FOLDER && this != TAR;
        }
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
