package org.ballast.spark.evaluate;

import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * The tables that are read; rows beyond the evaluated splits are left alone.
 *
 * @param prompts of held-out questions and descriptions, and of the training split
 * @param completions ground truth and negatives of those prompts
 * @param images their pictures; one that several stages stored may stand there several times
 */
public record EvaluationInputs(Dataset<Row> prompts, Dataset<Row> completions, Dataset<Row> images) {}
