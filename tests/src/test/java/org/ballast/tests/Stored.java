package org.ballast.tests;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;

/** What stages wrote, read with a Spark of the test's own. */
final class Stored {
    private Stored() {}

    /** The session that is there, or a new one: another test may have stopped the last. */
    private static SparkSession spark() {
        return SparkSession.builder()
                .master("local[1]")
                .config("spark.ui.enabled", "false")
                .config("spark.driver.host", "127.0.0.1")
                .config("spark.driver.bindAddress", "127.0.0.1")
                .config("spark.log.level", "WARN")
                .config("spark.sql.shuffle.partitions", "1")
                .config("spark.sql.sources.partitionColumnTypeInference.enabled", "false")
                .getOrCreate();
    }

    static Dataset<Row> table(Path root, String stage, String table) {
        return spark().read().parquet(root.resolve(stage).resolve(table).toString());
    }

    /** The rows of a table as JSON, sorted: equal exactly if the tables hold the same rows. */
    static List<String> rows(Path root, String stage, String table) {
        Dataset<Row> rows = table(root, stage, table);
        String[] names = rows.columns();
        Arrays.sort(names);
        return rows
                .select(functions.to_json(functions.struct(
                        Arrays.stream(names).map(functions::col).toArray(org.apache.spark.sql.Column[]::new))))
                .as(Encoders.STRING())
                .collectAsList()
                .stream()
                .sorted()
                .toList();
    }

    static JsonNode json(Path file) throws IOException {
        return new ObjectMapper().readTree(file.toFile());
    }

    static JsonNode manifest(Path root, String stage) throws IOException {
        return json(root.resolve(stage).resolve("manifest.json"));
    }
}
