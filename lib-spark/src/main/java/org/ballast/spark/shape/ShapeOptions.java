package org.ballast.spark.shape;

import java.io.Serializable;
import java.util.Objects;
import org.ballast.core.data.split.SplitRule;
import org.ballast.core.longtail.LongTailRule;
import org.ballast.core.longtail.SamplingRule;
import org.ballast.core.longtail.SamplingStrategy;

/**
 * How a data set is shaped.
 *
 * @param longTail null: no class is cut
 */
public record ShapeOptions(SplitRule splits, LongTailRule longTail, SamplingRule sampling) implements Serializable {
    public ShapeOptions {
        Objects.requireNonNull(splits, "splits");
        Objects.requireNonNull(sampling, "sampling");
    }

    /** Rows stay where their source has them; class tables are written all the same. */
    public static ShapeOptions none() {
        return new ShapeOptions(
                SplitRule.source("train"), null, new SamplingRule(SamplingStrategy.CLASS_BALANCED, 0.5, 0.9999));
    }

    /** True when no row changes its split or is put aside. */
    public boolean changesNothing() {
        return splits.changesNothing() && longTail == null;
    }
}
