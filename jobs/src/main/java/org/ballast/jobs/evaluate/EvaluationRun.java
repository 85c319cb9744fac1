package org.ballast.jobs.evaluate;

import static org.apache.spark.sql.functions.col;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.ballast.core.data.RowAccount;
import org.ballast.jobs.CodeVersion;
import org.ballast.jobs.ModelSettings;
import org.ballast.jobs.StageContext;
import org.ballast.jobs.StageOutcome;
import org.ballast.jobs.adapter.AdapterResults;
import org.ballast.jobs.report.Report;
import org.ballast.jobs.report.ReportData;
import org.ballast.spark.evaluate.AdapterSummary;
import org.ballast.spark.evaluate.EvaluateOptions;
import org.ballast.spark.evaluate.Evaluation;
import org.ballast.spark.evaluate.EvaluationInputs;
import org.ballast.spark.evaluate.EvaluationResult;
import org.ballast.spark.evaluate.Metrics;
import org.ballast.spark.evaluate.MetricsFile;
import org.ballast.spark.evaluate.NamedModel;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Tables;
import org.ballast.spark.model.ModelSpec;
import org.ballast.spark.train.LossCurve;

/** One evaluation: gathers what earlier stages wrote, measures, writes figures and report. */
final class EvaluationRun {
    private static final String BASE = "base";
    private static final String CONTINUED = "continued-sft";
    private static final String BPO = "bpo";

    private final EvaluateOptions options;
    private final ModelSettings opened;
    private final String title;
    private final StageContext context;
    private final Configuration hadoop;

    EvaluationRun(EvaluateOptions options, ModelSettings opened, String title, StageContext context) {
        this.options = options;
        this.opened = opened;
        this.title = title;
        this.context = context;
        this.hadoop = context.spark().sparkContext().hadoopConfiguration();
    }

    StageOutcome run() throws IOException {
        AdapterResults heads = context.inputs("adapter").isEmpty()
                ? null
                : AdapterResults.read(context.input("adapter").read(AdapterResults.FILE));
        Metrics.AdapterMetrics adapter = heads == null ? null : AdapterSummary.of(heads.bySplit());
        List<NamedModel> models = models();
        EvaluationResult result = models.isEmpty()
                ? EvaluationResult.ofHeads(adapter)
                : Evaluation.run(context.spark(), inputs(), models, options, adapter);
        StageFolder output = context.output();
        output.write(MetricsFile.NAME, MetricsFile.write(result.metrics()));
        writeReport(Report.html(reportData(result, heads)));
        System.err.println(Report.text(result.metrics()));
        Map<String, String> digests = new TreeMap<>();
        models.forEach(model -> digests.put(model.name(), model.spec().digest()));
        return new StageOutcome(
                new RowAccount(
                        result.rows(), result.evaluated(), result.rejected().size()),
                Map.of(),
                digests);
    }

    /** base first: it is the reference of implicit rewards. */
    private List<NamedModel> models() throws IOException {
        List<NamedModel> models = new ArrayList<>();
        if (context.inputs(BASE).isEmpty()) {
            return models;
        }
        ModelSpec base = opened.checkpoint(context, BASE);
        models.add(new NamedModel(BASE, base));
        for (String name : List.of(CONTINUED, BPO)) {
            if (!context.inputs(name).isEmpty()) {
                models.add(new NamedModel(name, base.with(context.input(name), hadoop)));
            }
        }
        return models;
    }

    private EvaluationInputs inputs() {
        List<StageFolder> questions = questions();
        List<StageFolder> answers = new ArrayList<>(questions);
        answers.addAll(context.inputs("completions"));
        return new EvaluationInputs(
                Tables.read(context.spark(), questions, Table.PROMPTS),
                Tables.read(context.spark(), answers, Table.COMPLETIONS),
                Tables.read(context.spark(), questions, Table.IMAGES));
    }

    /** Stages whose prompts are asked. */
    private List<StageFolder> questions() {
        List<StageFolder> questions = new ArrayList<>(context.inputs("instruct"));
        questions.addAll(context.inputs("pope"));
        return questions;
    }

    private void writeReport(String html) throws IOException {
        Path page = new Path(context.output().file("report"), "index.html");
        try (var out = context.output().fileSystem().create(page, true)) {
            out.write(html.getBytes(StandardCharsets.UTF_8));
        }
    }

    private ReportData reportData(EvaluationResult result, AdapterResults heads) {
        List<ReportData.LossCurve> curves = new ArrayList<>();
        curve(curves, BASE, "SFT");
        curve(curves, CONTINUED, "continued SFT");
        curve(curves, BPO, "BPO (DPO)");
        List<ReportData.OodScores> scores = heads == null
                ? List.of()
                : heads.scores().stream()
                        .map(one -> new ReportData.OodScores(
                                one.head(),
                                AdapterSummary.key(one.score()),
                                one.inDistribution(),
                                one.outOfDistribution()))
                        .toList();
        return new ReportData(
                title,
                new ReportData.Run(
                        context.output().header().runId(),
                        context.output().header().startedAt(),
                        CodeVersion.current(),
                        List.of(
                                new ReportData.Fact(
                                        "seed", Long.toString(context.run().seed())),
                                new ReportData.Fact("output", context.run().root()))),
                classes(),
                curves,
                result.metrics(),
                scores,
                options.trainSplit(),
                result.examples(),
                negatives());
    }

    private List<ReportData.Negatives> negatives() {
        List<StageFolder> questions = questions();
        return questions.isEmpty()
                ? List.of()
                : NegativesInput.read(
                        context.inputs("completions"),
                        Tables.read(context.spark(), questions, Table.IMAGES),
                        opened.pictures());
    }

    /** Training images by class name, where there are labelled samples. */
    private List<ReportData.ClassCount> classes() {
        if (context.inputs("openmmlo").isEmpty()) {
            return List.of();
        }
        Dataset<Row> counts = Tables.read(context.spark(), context.inputs("openmmlo"), Table.SAMPLES)
                .filter(col("split").equalTo(options.trainSplit()))
                .groupBy("label", "label_name")
                .count()
                .orderBy(col("count").desc(), col("label"));
        return counts.collectAsList().stream()
                .map(row -> new ReportData.ClassCount(
                        row.isNullAt(1) ? "class " + row.getInt(0) : row.getString(1), row.getLong(2)))
                .toList();
    }

    private void curve(List<ReportData.LossCurve> curves, String input, String name) {
        for (StageFolder stage : context.inputs(input)) {
            // an imported checkpoint was not trained here
            if (stage.has(LossCurve.FILE)) {
                LossCurve curve = read(stage);
                String heldOut = context.run().stages().stream()
                        .filter(config -> config.name().equals(stage.stage()))
                        .flatMap(config -> config.config().getStringList("validation-splits").stream())
                        .reduce((first, last) -> last)
                        .orElse(null);
                Map<Long, Double> measured = new TreeMap<>();
                curve.evaluations()
                        .forEach(one -> measured.put(one.step(), one.metrics().get(heldOut + ".loss")));
                curves.add(new ReportData.LossCurve(
                        name,
                        input,
                        input.equals(BPO) ? "loss a pair" : "loss a token",
                        curve.points().stream()
                                .map(point -> new ReportData.LossPoint(
                                        point.step(), point.loss(), measured.get(point.step())))
                                .toList()));
            }
        }
    }

    private static LossCurve read(StageFolder stage) {
        try {
            return new ObjectMapper().readValue(stage.read(LossCurve.FILE), LossCurve.class);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(stage.file(LossCurve.FILE) + ": " + e.getOriginalMessage(), e);
        }
    }
}
