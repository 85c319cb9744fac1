package org.ballast.spark.shard;

/**
 * Where a row of an annotation file stands.
 *
 * @param index number of the input
 * @param root number of its image root, -1 for none
 * @param position index of the row in its file, from 0
 * @param classes names by label, possibly none
 */
record RowContext(ShardInput input, int index, int root, long position, ClassNames classes) {}
