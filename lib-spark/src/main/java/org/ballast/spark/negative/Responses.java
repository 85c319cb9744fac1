package org.ballast.spark.negative;

import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.ballast.spark.io.StageFolder;

/**
 * Right responses among which similar ones are looked for.
 *
 * @param data stages whose {@code samples}, where they have any, know the classes of pictures
 * @param rows {@code prompt_id} (unique), {@code image_id, kind, label, split, response}; from storage, read several times
 * @param queries the {@code prompt_id} of the rows that matches are wanted for; every row of the split to look through may be a match all the same
 */
public record Responses(List<StageFolder> data, Dataset<Row> rows, Dataset<Row> queries) {}
