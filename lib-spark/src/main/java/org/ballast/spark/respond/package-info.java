/** Batch inference: rows of JSON lines or Parquet in, responses with their tokens and log-probs out. */
package org.ballast.spark.respond;
