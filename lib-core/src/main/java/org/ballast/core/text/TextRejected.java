package org.ballast.core.text;

import java.io.Serial;

/** A prompt or response that cannot be used, with a code of a closed set. This is data for the quarantine, not a fault of the program. */
public final class TextRejected extends Exception {
    @Serial
    private static final long serialVersionUID = 1;

    /** Why a text was rejected. */
    public enum Reason {
        /** A prompt that has a picture, and no image token in its text. */
        NO_IMAGE_TOKEN("prompt-without-image-token"),
        /** What must not be cut is longer than the limit. */
        TOO_LONG("too-long");

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

    public TextRejected(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }
}
