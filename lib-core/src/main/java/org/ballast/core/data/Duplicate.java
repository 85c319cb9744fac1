package org.ballast.core.data;

import java.io.Serializable;
import java.util.Locale;

/**
 * A picture file that is, or looks like, another: table {@code duplicates}, key {@code image_id} and {@code path}.
 *
 * @param imageId of the file; the same as {@code duplicateOf} where the bytes are equal
 * @param path where the file was found
 * @param duplicateOf the {@code image_id} that stands for the whole group
 * @param distance differing bits of the two dHashes, 0 to 64; 0 where the bytes are equal
 */
public record Duplicate(String imageId, String path, String duplicateOf, Kind kind, int distance)
        implements Serializable {

    /** In what way. */
    public enum Kind {
        /** The bytes are equal. */
        EXACT,
        /** The pictures look alike by their dHash. */
        PERCEPTUAL;

        /** The name in tables. */
        public String code() {
            return name().toLowerCase(Locale.ROOT);
        }

        /** @throws IllegalArgumentException when {@code code} is none of the two */
        public static Kind of(String code) {
            for (Kind kind : values()) {
                if (kind.code().equals(code)) {
                    return kind;
                }
            }
            throw new IllegalArgumentException("unknown kind of duplicate '" + code + "'");
        }
    }

    public Duplicate {
        Rows.require(Sha256.isDigest(imageId), "duplicate", imageId, "image_id", imageId, "must be a sha256");
        Rows.requireText(path, "duplicate", imageId, "path");
        Rows.require(
                Sha256.isDigest(duplicateOf), "duplicate", imageId, "duplicate_of", duplicateOf, "must be a sha256");
        Rows.require(
                (kind == Kind.EXACT) == imageId.equals(duplicateOf),
                "duplicate",
                imageId,
                "duplicate_of",
                duplicateOf,
                "must be the image itself where the bytes are equal, and another where not");
        Rows.require(distance >= 0 && distance <= 64, "duplicate", imageId, "distance", distance, "must be 0 to 64");
        Rows.require(kind != Kind.EXACT || distance == 0, "duplicate", imageId, "distance", distance, "must be 0");
    }
}
