/** Rows of the tables as training examples: joined with their pictures, tokenised, preprocessed. */
package org.ballast.spark.examples;
