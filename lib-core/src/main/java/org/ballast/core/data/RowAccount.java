package org.ballast.core.data;

import java.io.Serializable;

/**
 * The books of a job: nothing is lost silently.
 *
 * @throws IllegalStateException in the constructor unless in = out + quarantined
 */
public record RowAccount(long in, long out, long quarantined) implements Serializable {
    public RowAccount {
        if (in < 0 || out < 0 || quarantined < 0 || in != out + quarantined) {
            throw new IllegalStateException("rows were lost or doubled: %d in, but %d out + %d quarantined = %d"
                    .formatted(in, out, quarantined, out + quarantined));
        }
    }

    /** Share of the rows that were quarantined, 0 for none in. */
    public double failureRate() {
        return in == 0 ? 0 : (double) quarantined / in;
    }

    /** Both accounts together. */
    public RowAccount plus(RowAccount other) {
        return new RowAccount(in + other.in, out + other.out, quarantined + other.quarantined);
    }
}
