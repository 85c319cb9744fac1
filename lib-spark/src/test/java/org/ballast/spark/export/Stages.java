package org.ballast.spark.export;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.ballast.core.data.Completion;
import org.ballast.core.data.CompletionType;
import org.ballast.core.data.ImageRow;
import org.ballast.core.data.Prompt;
import org.ballast.core.data.RowAccount;
import org.ballast.core.data.Sample;
import org.ballast.core.data.Sha256;
import org.ballast.core.data.Turn;
import org.ballast.spark.io.Manifest;
import org.ballast.spark.io.RunHeader;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Tables;
import org.ballast.spark.rows.CompletionRows;
import org.ballast.spark.rows.ImageRows;
import org.ballast.spark.rows.PromptRows;
import org.ballast.spark.rows.SampleRows;

/** Finished stages of a test under one root. */
final class Stages {
    private final SparkSession spark;
    private final Path root;
    private final long imageFileBytes;

    /** @param imageFileBytes size of a file of the table images */
    Stages(SparkSession spark, Path root, long imageFileBytes) {
        this.spark = spark;
        this.root = root;
        this.imageFileBytes = imageFileBytes;
    }

    StageFolder open(String stage) {
        StageFolder folder = StageFolder.of(new Configuration(), root.toString(), stage);
        folder.open(RunHeader.now(stage, "test", "c", Map.of()), false);
        return folder;
    }

    static void commit(StageFolder folder) {
        folder.commit(new Manifest(
                folder.header(), "{}", "v", Map.of(), Map.of(), new RowAccount(0, 0, 0), Map.of(), Map.of()));
    }

    StageFolder prompts(String stage, List<Prompt> prompts, List<ImageRow> images) {
        StageFolder folder = open(stage);
        write(folder, Table.PROMPTS, prompts.stream().map(PromptRows::toRow).toList(), PromptRows.SCHEMA);
        images(folder, images);
        commit(folder);
        return folder;
    }

    StageFolder samples(String stage, List<Sample> samples, List<ImageRow> images) {
        StageFolder folder = open(stage);
        write(folder, Table.SAMPLES, samples.stream().map(SampleRows::toRow).toList(), SampleRows.SCHEMA);
        images(folder, images);
        commit(folder);
        return folder;
    }

    StageFolder completions(String stage, List<Completion> completions) {
        StageFolder folder = open(stage);
        write(
                folder,
                Table.COMPLETIONS,
                completions.stream().map(CompletionRows::toRow).toList(),
                CompletionRows.SCHEMA);
        commit(folder);
        return folder;
    }

    private void images(StageFolder folder, List<ImageRow> images) {
        Tables.write(
                spark.createDataFrame(images.stream().map(ImageRows::toRow).toList(), ImageRows.SCHEMA),
                folder,
                Table.IMAGES,
                imageFileBytes);
    }

    private void write(StageFolder folder, Table table, List<Row> rows, StructType schema) {
        Tables.write(spark.createDataFrame(rows, schema), folder, table, 1 << 20);
    }

    static ImageRow image(byte[] bytes, String format) {
        return new ImageRow(Sha256.of(bytes), bytes, "a." + format, 1, 1, format);
    }

    static Completion negative(String promptId, CompletionType type, String response) {
        String policy = type.stored();
        return new Completion(
                Completion.id(promptId, policy, 1, 0), promptId, response, type, 0, "m", policy, "{}", 1, "stop", 0, 0);
    }

    static Prompt prompt(String id, String imageId, String text, List<Turn> history, String split) {
        return new Prompt(id, imageId, text, history, null, null, split, "s", null);
    }
}
