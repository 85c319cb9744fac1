package org.ballast.spark.shape;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.core.data.split.GroupBy;
import org.ballast.core.data.split.SplitMode;
import org.ballast.core.data.split.SplitRule;
import org.ballast.core.data.split.SplitShare;
import org.ballast.core.longtail.LongTailRule;
import org.ballast.core.longtail.SamplingRule;
import org.ballast.core.longtail.SamplingStrategy;

/** Rows as they come to be shaped. */
record ShapeRow(
        String key,
        String id,
        String imageId,
        Integer label,
        String split,
        boolean sample,
        String source,
        String domain,
        String duplicateOf,
        String previousSplit,
        String reason) {

    static final StructType SCHEMA = new StructType()
            .add("key", DataTypes.StringType)
            .add("id", DataTypes.StringType)
            .add("image_id", DataTypes.StringType)
            .add("label", DataTypes.IntegerType)
            .add("split", DataTypes.StringType)
            .add("sample", DataTypes.BooleanType)
            .add("source", DataTypes.StringType)
            .add("domain", DataTypes.StringType)
            .add("duplicate_of", DataTypes.StringType)
            .add("previous_split", DataTypes.StringType)
            .add("reason", DataTypes.StringType)
            .add("message", DataTypes.StringType)
            .add("text", DataTypes.StringType);

    /** A row of {@code samples} with a picture, new and of no split. */
    static ShapeRow sample(String key, String imageId, Integer label) {
        return new ShapeRow(key, key, imageId, label, "all", true, "s", "id", null, null, null);
    }

    ShapeRow inSplit(String name) {
        return new ShapeRow(key, id, imageId, label, name, sample, source, domain, duplicateOf, previousSplit, reason);
    }

    ShapeRow was(String name) {
        return new ShapeRow(key, id, imageId, label, split, sample, source, domain, duplicateOf, name, reason);
    }

    ShapeRow like(String other) {
        return new ShapeRow(key, id, imageId, label, split, sample, source, domain, other, previousSplit, reason);
    }

    ShapeRow outOfDistribution() {
        return new ShapeRow(key, id, imageId, label, split, sample, source, "ood", duplicateOf, previousSplit, reason);
    }

    ShapeRow rejected(String code) {
        return new ShapeRow(key, id, imageId, label, split, sample, source, domain, duplicateOf, previousSplit, code);
    }

    ShapeRow prompt() {
        return new ShapeRow(key, id, imageId, label, split, false, source, domain, duplicateOf, previousSplit, reason);
    }

    ShapeRow withId(String other) {
        return new ShapeRow(
                key, other, imageId, label, split, sample, source, domain, duplicateOf, previousSplit, reason);
    }

    static Dataset<Row> of(SparkSession spark, List<ShapeRow> rows, int partitions) {
        List<Row> all = new ArrayList<>();
        for (ShapeRow row : rows) {
            all.add(RowFactory.create(
                    row.key,
                    row.id,
                    row.imageId,
                    row.label,
                    row.split,
                    row.sample,
                    row.source,
                    row.domain,
                    row.duplicateOf,
                    row.previousSplit,
                    row.reason,
                    row.reason == null ? null : "bad",
                    "text of " + row.key));
        }
        return spark.createDataFrame(all, SCHEMA).repartition(partitions);
    }

    /** Random rows: some pictures with several, classes with a tail, some without a class or a picture. */
    static List<ShapeRow> random(long seed, int count) {
        Random random = new Random(seed);
        List<ShapeRow> rows = new ArrayList<>();
        int pictures = Math.max(1, count / (1 + random.nextInt(3)));
        for (int i = 0; i < count; i++) {
            Integer label = random.nextInt(20) == 0 ? null : (int) Math.floor(Math.abs(random.nextGaussian()) * 3);
            String image = random.nextInt(10) == 0 ? null : "i" + random.nextInt(pictures);
            ShapeRow row = sample("k" + i, image, label);
            rows.add(random.nextInt(4) == 0 ? row.prompt().withId("k" + i / 2) : row);
        }
        return rows;
    }

    static ShapeOptions options(SplitMode mode, LongTailRule longTail, GroupBy... groupBy) {
        return new ShapeOptions(
                new SplitRule(
                        mode,
                        List.of(new SplitShare("train", 0.7), new SplitShare("val", 0.1), new SplitShare("test", 0.2)),
                        List.of(),
                        List.of(groupBy),
                        null,
                        "train",
                        17,
                        false),
                longTail,
                new SamplingRule(SamplingStrategy.CLASS_BALANCED, 0.5, 0.9999));
    }
}
