package org.ballast.spark.io;

import java.io.Serializable;
import java.util.List;
import org.apache.spark.sql.types.StructType;
import org.ballast.spark.rows.CompletionRows;
import org.ballast.spark.rows.DuplicateRows;
import org.ballast.spark.rows.FeatureRows;
import org.ballast.spark.rows.ImageRows;
import org.ballast.spark.rows.PromptRows;
import org.ballast.spark.rows.QuarantinedRows;
import org.ballast.spark.rows.ReferenceLogProbRows;
import org.ballast.spark.rows.ResponseRows;
import org.ballast.spark.rows.SampleRows;
import org.ballast.spark.rows.VisionFeatureRows;

/**
 * How a table is laid out in a stage folder.
 *
 * @param name folder of the table
 * @param schema all columns, {@code split} included
 * @param key columns by which rows are spread over files and sorted within one
 * @param bySplit true for one {@code split=<name>} folder a split
 * @param pictures true when it holds encoded pictures or their features: stored uncompressed, page sizes for blobs, Hugging Face footer
 */
public record Table(String name, StructType schema, List<String> key, boolean bySplit, boolean pictures)
        implements Serializable {
    /** The column that becomes a folder. */
    public static final String SPLIT = "split";

    /** Name of the table by which negatives are brought up to date: what came of each that was wanted. */
    public static final String ATTEMPTS = "attempts";

    public static final Table IMAGES = new Table("images", ImageRows.SCHEMA, List.of("image_id"), false, true);
    public static final Table SAMPLES = new Table("samples", SampleRows.SCHEMA, List.of("sample_id"), true, false);
    public static final Table PROMPTS = new Table("prompts", PromptRows.SCHEMA, List.of("prompt_id"), true, false);
    public static final Table COMPLETIONS =
            new Table("completions", CompletionRows.SCHEMA, List.of("prompt_id", "completion_id"), false, false);
    public static final Table REFERENCE_LOG_PROBS = new Table(
            "reference_log_probs",
            ReferenceLogProbRows.SCHEMA,
            List.of("completion_id", "image_condition", "model"),
            false,
            false);
    public static final Table FEATURES =
            new Table("features", FeatureRows.SCHEMA, List.of("image_id", "model"), false, false);
    public static final Table VISION_FEATURES =
            new Table("vision_features", VisionFeatureRows.SCHEMA, List.of("image_id", "model"), false, true);
    public static final Table RESPONSES = new Table("responses", ResponseRows.SCHEMA, List.of("id"), false, false);
    public static final Table DUPLICATES =
            new Table("duplicates", DuplicateRows.SCHEMA, List.of("image_id", "path"), false, false);
    public static final Table QUARANTINE = new Table(
            "quarantine", QuarantinedRows.SCHEMA, List.of("source_file", "position", "id", "reason"), false, false);

    public Table {
        key = List.copyOf(key);
        if (!name.matches("[a-z][a-z0-9_]*")) {
            throw new IllegalArgumentException("table name must be lower case, was '" + name + "'");
        }
        List<String> columns = List.of(schema.fieldNames());
        if (key.isEmpty() || !columns.containsAll(key)) {
            throw new IllegalArgumentException(
                    "key %s of table '%s' must be of its columns %s".formatted(key, name, columns));
        }
        if (bySplit && !columns.contains(SPLIT)) {
            throw new IllegalArgumentException("table '%s' has no column '%s' to be split by".formatted(name, SPLIT));
        }
    }
}
