package org.ballast.core.data;

import java.io.Serializable;

/**
 * The books of a job: nothing is lost silently.
 *
 * @param in rows that were read
 * @param out rows that were written
 * @param quarantined rows that could not be used
 * @param unchanged rows that an earlier run had written and that stay as they are
 * @throws IllegalStateException in the constructor unless in = out + quarantined + unchanged
 */
public record RowAccount(long in, long out, long quarantined, long unchanged) implements Serializable {
    public RowAccount {
        if (in < 0 || out < 0 || quarantined < 0 || unchanged < 0 || in != out + quarantined + unchanged) {
            throw new IllegalStateException(
                    "rows were lost or doubled: %d in, but %d out + %d quarantined + %d unchanged = %d"
                            .formatted(in, out, quarantined, unchanged, out + quarantined + unchanged));
        }
    }

    /** The books of a job that writes all it can use. */
    public RowAccount(long in, long out, long quarantined) {
        this(in, out, quarantined, 0);
    }

    /** Share of the rows that were quarantined, 0 for none in. */
    public double failureRate() {
        return in == 0 ? 0 : (double) quarantined / in;
    }

    /** Both accounts together. */
    public RowAccount plus(RowAccount other) {
        return new RowAccount(
                in + other.in, out + other.out, quarantined + other.quarantined, unchanged + other.unchanged);
    }
}
