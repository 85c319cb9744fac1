package org.ballast.jobs.adapter;

import static org.apache.spark.sql.functions.col;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.commons.io.FileUtils;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.storage.StorageLevel;
import org.ballast.core.data.Domain;
import org.ballast.core.data.RowAccount;
import org.ballast.core.drift.AdapterPrediction;
import org.ballast.core.drift.HeadResult;
import org.ballast.core.drift.HeadSettings;
import org.ballast.core.drift.LabelledFeatures;
import org.ballast.jobs.StageContext;
import org.ballast.jobs.StageFailure;
import org.ballast.jobs.StageOutcome;
import org.ballast.spark.adapter.AdapterPredictions;
import org.ballast.spark.adapter.AdapterSettings;
import org.ballast.spark.adapter.AdapterTrainer;
import org.ballast.spark.adapter.FeatureShards;
import org.ballast.spark.adapter.TrainedAdapter;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Tables;
import org.ballast.spark.model.ModelFiles;
import org.ballast.spark.session.Progress;

/** One run of {@code train-adapter}: samples with features, heads from several seeds, what each reaches. */
final class AdapterTraining {
    private final Options options;
    private final StageContext context;
    private final JavaSparkContext spark;

    /**
     * Settings of the job.
     *
     * @param concurrent trainings at a time
     */
    record Options(
            String trainSplit,
            List<String> testSplits,
            List<HeadSettings> heads,
            List<Long> seeds,
            AdapterSettings training,
            int concurrent) {}

    AdapterTraining(Options options, StageContext context) {
        this.options = options;
        this.context = context;
        this.spark = JavaSparkContext.fromSparkContext(context.spark().sparkContext());
    }

    StageOutcome run() throws IOException {
        Dataset<Row> samples = samples();
        JavaRDD<LabelledFeatures> train = labelled(samples, options.trainSplit(), Domain.IN_DISTRIBUTION);
        Map<String, JavaRDD<LabelledFeatures>> test = new LinkedHashMap<>();
        for (String split : options.testSplits()) {
            test.put(split, labelled(samples, split, Domain.IN_DISTRIBUTION));
        }
        JavaRDD<LabelledFeatures> open = labelled(samples, null, Domain.OUT_OF_DISTRIBUTION);
        long rows = samples.count();
        int classes = train.map(LabelledFeatures::label).reduce(Math::max) + 1;
        AdapterResults results;
        try (FeatureShards shards = FeatureShards.of(
                train, classes, options.training().workers(), options.training().scaling())) {
            results = results(shards, test, open);
        } finally {
            train.unpersist();
            test.values().forEach(JavaRDD::unpersist);
            open.unpersist();
        }
        context.output().write(AdapterResults.FILE, results.toJson());
        return new StageOutcome(new RowAccount(rows, rows, 0), metrics(results), Map.of());
    }

    private AdapterResults results(
            FeatureShards shards, Map<String, JavaRDD<LabelledFeatures>> test, JavaRDD<LabelledFeatures> open)
            throws IOException {
        int trainings = options.heads().size() * options.seeds().size();
        List<TrainedAdapter> trained;
        try (Progress progress = Progress.of(context.stage().name(), "trainings", trainings)) {
            trained = new AdapterTrainer(spark)
                    .trainAll(
                            options.heads(),
                            options.seeds(),
                            options.training(),
                            shards,
                            options.concurrent(),
                            adapter -> progress.by(1));
        }
        Map<String, List<HeadResult>> bySplit = new LinkedHashMap<>();
        List<AdapterResults.Scores> scores = new ArrayList<>();
        for (TrainedAdapter adapter : trained) {
            List<AdapterPrediction> unknown =
                    AdapterPredictions.of(spark, adapter.model(), open).collect();
            for (Map.Entry<String, JavaRDD<LabelledFeatures>> split : test.entrySet()) {
                List<AdapterPrediction> known = AdapterPredictions.of(spark, adapter.model(), split.getValue())
                        .collect();
                boolean first =
                        bySplit.isEmpty() || bySplit.keySet().iterator().next().equals(split.getKey());
                bySplit.computeIfAbsent(split.getKey(), name -> new ArrayList<>())
                        .add(HeadResult.of(
                                adapter.model(),
                                adapter.seed(),
                                adapter.lossCurve(),
                                shards.trainCounts(),
                                known,
                                first ? unknown : List.of()));
                if (first && adapter.seed() == options.seeds().get(0)) {
                    scores.addAll(
                            AdapterResults.Scores.of(adapter.model().head().name(), known, unknown));
                }
            }
            store(adapter);
        }
        return new AdapterResults(bySplit, scores);
    }

    private void store(TrainedAdapter adapter) throws IOException {
        Path local = Files.createTempDirectory("ballast-head");
        try {
            adapter.model().save(local);
            ModelFiles.publish(
                    local,
                    context.output().file("head-" + adapter.model().head().name() + "-" + adapter.seed()),
                    spark.hadoopConfiguration());
        } finally {
            FileUtils.deleteDirectory(local.toFile());
        }
    }

    /** Samples with the features of their pictures; a sample whose picture has none is an error, not a gap. */
    private Dataset<Row> samples() {
        Dataset<Row> features = Tables.read(context.spark(), context.inputs("features"), Table.FEATURES)
                .select(col("image_id"), col("image_feature"));
        Dataset<Row> samples = Tables.read(context.spark(), context.inputs("data"), Table.SAMPLES);
        long missing = samples.join(features, samples.col("image_id").equalTo(features.col("image_id")), "left_anti")
                .count();
        if (missing > 0) {
            throw new StageFailure("stage " + context.stage().name() + ": " + missing
                    + " samples have no features; run features on the same data stage");
        }
        return samples.join(features, "image_id");
    }

    private static JavaRDD<LabelledFeatures> labelled(Dataset<Row> samples, String split, Domain domain) {
        Dataset<Row> chosen = samples.filter(col("domain").equalTo(domain.stored()));
        if (split != null) {
            chosen = chosen.filter(col("split").equalTo(split));
        }
        JavaRDD<LabelledFeatures> rows = chosen.orderBy("sample_id").javaRDD().map(row -> {
            List<Float> feature = row.getList(row.fieldIndex("image_feature"));
            float[] values = new float[feature.size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = feature.get(i);
            }
            return new LabelledFeatures(row.getAs("sample_id"), row.getAs("label"), values);
        });
        rows.persist(StorageLevel.MEMORY_AND_DISK_SER());
        if (rows.isEmpty()) {
            throw new StageFailure(
                    "no sample of domain " + domain.stored() + (split == null ? "" : " and split " + split));
        }
        return rows;
    }

    /** Accuracy over all samples of a split by head, mean over seeds. */
    private static Map<String, Double> metrics(AdapterResults results) {
        Map<String, Double> metrics = new TreeMap<>();
        results.bySplit()
                .forEach((split, heads) -> metrics.putAll(heads.stream()
                        .collect(Collectors.groupingBy(
                                result -> "accuracy." + split + "." + result.head(),
                                Collectors.averagingDouble(
                                        result -> result.accuracy().all())))));
        return metrics;
    }
}
