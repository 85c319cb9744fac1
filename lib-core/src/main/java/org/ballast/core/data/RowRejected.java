package org.ballast.core.data;

import java.io.Serial;

/** A row, or the picture it names, that goes to quarantine. This is data, not a fault of the program. */
public final class RowRejected extends Exception {
    @Serial
    private static final long serialVersionUID = 1;

    private final Reason reason;

    /** @param message one sentence with the offending value */
    public RowRejected(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }
}
