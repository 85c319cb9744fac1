/**
 * Training of the drift adapter's heads by dl4j-spark's parameter averaging, and their predictions. The math is in
 * {@code org.ballast.core.drift}; here are shards of features, rounds and jobs.
 */
package org.ballast.spark.adapter;
