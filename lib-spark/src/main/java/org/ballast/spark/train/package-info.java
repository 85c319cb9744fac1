/**
 * Data-parallel training by parameter averaging: a DL4J layer whose gradient libtorch writes, the training master that
 * averages its replicas, the plan of rounds, and their checkpoints. No knowledge of a model: that is an {@code
 * Objective}.
 */
package org.ballast.spark.train;
