package org.ballast.core.image;

import org.ballast.core.image.ImageRejected.Reason;

/** A file that must be rejected, and why. */
@SuppressWarnings("ArrayRecordComponent")
record Hostile(String name, Reason reason, byte[] bytes) {
    @Override
    public String toString() {
        return name;
    }
}
