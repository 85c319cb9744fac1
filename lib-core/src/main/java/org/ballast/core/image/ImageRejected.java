package org.ballast.core.image;

import java.io.Serial;

/** A picture that cannot be used, with a code of a closed set. This is data for the quarantine, not a fault of the program. */
public final class ImageRejected extends Exception {
    @Serial
    private static final long serialVersionUID = 1;

    /** Why a picture was rejected. */
    public enum Reason {
        /** No bytes at all. */
        EMPTY("image-empty"),
        /** More bytes, pixels, a longer side or a larger aspect ratio than the limits allow. */
        TOO_LARGE("image-too-large"),
        /** The first bytes are those of no picture format known here. */
        NOT_AN_IMAGE("not-an-image"),
        /** A picture, but of a format or variant that is not read. */
        UNSUPPORTED("image-unsupported"),
        /** The file ends before the picture does. */
        TRUNCATED("image-truncated"),
        /** The bytes contradict the format. */
        CORRUPT("image-corrupt");

        private final String code;

        Reason(String code) {
            this.code = code;
        }

        /** The code as it stands in a quarantine row. */
        public String code() {
            return code;
        }
    }

    private final Reason reason;

    public ImageRejected(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    public ImageRejected(Reason reason, String message, Throwable cause) {
        super(message, cause);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }
}
