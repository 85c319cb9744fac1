/**
 * Evaluation on held-out data: plan of fixed units, their scoring and decoding on the executors, and the tree of figures
 * that becomes {@code metrics.json}. Nothing here renders: tables and plots live with the jobs.
 */
package org.ballast.spark.evaluate;
