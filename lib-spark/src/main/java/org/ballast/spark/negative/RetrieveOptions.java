package org.ballast.spark.negative;

import java.io.Serializable;
import java.util.Objects;
import org.ballast.core.negative.MatchRule;

/**
 * How retrieved negatives are looked for.
 *
 * @param from split whose responses are looked through
 * @param rule which of them may be taken
 * @param matches responses found for each prompt at most, at least 1
 * @param exactBelow responses of one kind up to which all of them are compared; above, those in the nearest cells
 * @param cells cells of a kind that is searched by cells; 0: the root of its responses' number
 * @param probes cells that each prompt is looked for in, at least 1
 * @param seed of the cells
 */
public record RetrieveOptions(
        String from, MatchRule rule, int matches, long exactBelow, int cells, int probes, long seed)
        implements Serializable {
    /** Most cells: the centroids lie in the memory of every executor. */
    public static final int MOST_CELLS = 65_536;

    public RetrieveOptions {
        Objects.requireNonNull(from, "from");
        Objects.requireNonNull(rule, "rule");
        require(matches >= 1, "matches of a prompt", "at least 1", matches);
        require(exactBelow >= 0, "exact-below", "at least 0", exactBelow);
        require(cells >= 0 && cells <= MOST_CELLS, "cells", "in 0 .. " + MOST_CELLS, cells);
        require(probes >= 1, "probes", "at least 1", probes);
    }

    private static void require(boolean holds, String name, String rule, long value) {
        if (!holds) {
            throw new IllegalArgumentException("retrieve: %s must be %s, was %d".formatted(name, rule, value));
        }
    }

    /** Cells for so many responses. */
    int cellsFor(long responses) {
        long wanted = cells > 0 ? cells : Math.round(Math.sqrt(responses));
        return (int) Math.max(1, Math.min(MOST_CELLS, Math.min(wanted, responses)));
    }
}
