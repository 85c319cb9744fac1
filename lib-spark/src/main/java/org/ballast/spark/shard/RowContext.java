package org.ballast.spark.shard;

import org.ballast.core.data.Domain;
import org.ballast.core.data.Reason;
import org.ballast.core.data.RowRejected;

/**
 * Where a row of an annotation file stands.
 *
 * @param index number of the input
 * @param root number of its image root, -1 for none
 * @param position index of the row in its file, from 0
 * @param classes names by label, possibly none
 */
record RowContext(ShardInput input, int index, int root, long position, ClassNames classes) {
    /** @throws RowRejected when a row of this domain can not have the label */
    void requireClass(int label, Domain domain) throws RowRejected {
        if (!classes.allows(label, domain)) {
            int known = classes.inDistribution().size();
            throw new RowRejected(
                    Reason.BAD_LABEL,
                    "label %d is no class of domain %s%s"
                            .formatted(label, domain.stored(), known > 0 ? " (" + known + " classes)" : ""));
        }
    }
}
