/**
 * Annotation files and pictures to tables. {@link org.ballast.spark.shard.ShardPlanner} checks what is asked for,
 * {@link org.ballast.spark.shard.ShardRunner} does it; formats are pure Java behind
 * {@link org.ballast.spark.shard.AnnotationFormat}.
 */
package org.ballast.spark.shard;
