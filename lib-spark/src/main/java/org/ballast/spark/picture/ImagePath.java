package org.ballast.spark.picture;

import java.util.ArrayDeque;
import java.util.Deque;
import org.ballast.core.data.Reason;
import org.ballast.core.data.RowRejected;

/** Names of pictures below an image root. */
public final class ImagePath {
    private ImagePath() {}

    /**
     * The path without empty, {@code .} and {@code ..} parts.
     *
     * @throws RowRejected {@link Reason#PATH_ESCAPES_ROOT} for an absolute path and for one that climbs out of the root
     */
    public static String normalised(String path) throws RowRejected {
        if (path.startsWith("/")) {
            throw new RowRejected(Reason.PATH_ESCAPES_ROOT, "image path '%s' is absolute".formatted(path));
        }
        if (path.indexOf('\0') >= 0) {
            throw new RowRejected(Reason.IMAGE_MISSING, "image path holds a NUL character");
        }
        Deque<String> parts = new ArrayDeque<>();
        for (String part : path.split("/")) {
            if (part.equals("..")) {
                if (parts.pollLast() == null) {
                    throw new RowRejected(
                            Reason.PATH_ESCAPES_ROOT, "image path '%s' climbs out of the image root".formatted(path));
                }
            } else if (!part.isEmpty() && !part.equals(".")) {
                parts.addLast(part);
            }
        }
        if (parts.isEmpty()) {
            throw new RowRejected(Reason.IMAGE_MISSING, "image path '%s' names no file".formatted(path));
        }
        return String.join("/", parts);
    }
}
