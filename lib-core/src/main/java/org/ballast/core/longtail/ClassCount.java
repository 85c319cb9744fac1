package org.ballast.core.longtail;

import java.io.Serializable;
import org.ballast.core.data.Domain;

/**
 * Samples of one class in one split.
 *
 * @param table {@code samples} or {@code prompts}: their rows are counted apart
 * @param domain null where rows have none; labels of the two domains are different classes
 * @param labelName null when unknown
 * @param samples at least 1
 */
public record ClassCount(String table, String split, Domain domain, int label, String labelName, long samples)
        implements Serializable {
    public ClassCount {
        if (table == null || split == null || samples < 1) {
            throw new IllegalArgumentException("class %d: table '%s', split '%s' and at least one sample, was %d"
                    .formatted(label, table, split, samples));
        }
    }

    /** True for a class of the training distribution: only these make up tails. */
    public boolean inDistribution() {
        return domain != Domain.OUT_OF_DISTRIBUTION && label >= 0;
    }
}
