package org.ballast.spark.evaluate;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;
import org.ballast.core.data.PairRule;
import org.ballast.core.metric.Chair;
import org.ballast.core.metric.ObjectVocabulary;
import org.ballast.core.metric.Pope;
import org.ballast.core.metric.TextMetrics;
import org.ballast.spark.evaluate.EvaluateOptions.Weakening;
import org.ballast.spark.evaluate.Metrics.AdapterMetrics;
import org.ballast.spark.evaluate.Metrics.CaptionMetrics;
import org.ballast.spark.evaluate.Metrics.ModelMetrics;
import org.ballast.spark.evaluate.Metrics.PairedDifference;
import org.ballast.spark.evaluate.Metrics.PictureGap;
import org.ballast.spark.evaluate.Metrics.PopeMetrics;
import org.ballast.spark.evaluate.Metrics.PreferenceMetrics;
import org.ballast.spark.evaluate.Metrics.RewardMetrics;
import org.ballast.spark.evaluate.Metrics.SplitMetrics;
import org.ballast.spark.evaluate.Metrics.WeakeningCurve;
import org.ballast.spark.evaluate.Metrics.WeakeningPoint;
import org.ballast.spark.evaluate.RowResult.Caption;
import org.ballast.spark.evaluate.RowResult.PairScore;
import org.ballast.spark.evaluate.RowResult.Question;
import org.ballast.spark.evaluate.RowResult.TrainingPairs;
import org.ballast.spark.evaluate.RowResult.Weakened;

/** Figures of all rows; sums run in the order of the results. */
final class MetricsBuilder {
    private final List<RowResult> results;
    private final List<NamedModel> models;
    private final EvaluateOptions options;
    private final ObjectVocabulary vocabulary;
    private final Map<String, Set<String>> objects = new HashMap<>();

    /**
     * @param results in the order of the plan
     * @param models base first
     * @param vocabulary of objects, null where no questions name any
     */
    MetricsBuilder(
            List<RowResult> results, List<NamedModel> models, EvaluateOptions options, ObjectVocabulary vocabulary) {
        this.results = results;
        this.models = models;
        this.options = options;
        this.vocabulary = vocabulary;
        if (vocabulary != null) {
            objectsOfPictures();
        }
    }

    Metrics build(AdapterMetrics adapter) {
        Map<String, ModelMetrics> byName = new LinkedHashMap<>();
        for (NamedModel model : models) {
            byName.put(
                    model.name(),
                    new ModelMetrics(
                            model.spec().checkpoint().digest(),
                            model.spec().adapter() == null
                                    ? null
                                    : model.spec().adapter().digest(),
                            splits(model.name())));
        }
        return new Metrics(Metrics.VERSION, Metrics.CONVENTIONS, byName, paired(), weakening(), adapter);
    }

    /** What a picture shows: the objects that any of its references mentions. */
    private void objectsOfPictures() {
        String base = models.get(0).name();
        Map<String, List<String>> references = new LinkedHashMap<>();
        for (Caption caption : of(Caption.class, base, result -> true)) {
            references
                    .computeIfAbsent(caption.key().imageId(), id -> new ArrayList<>())
                    .add(caption.reference());
        }
        references.forEach((image, texts) -> objects.put(image, vocabulary.objects(texts)));
    }

    private Map<String, SplitMetrics> splits(String model) {
        Map<String, SplitMetrics> splits = new LinkedHashMap<>();
        List<TrainingPairs> training = of(TrainingPairs.class, model, result -> true);
        if (!training.isEmpty()) {
            List<PairScore> pairs = new ArrayList<>();
            training.forEach(row -> pairs.addAll(row.pairs()));
            splits.put(options.trainSplit(), new SplitMetrics(null, null, Map.of(), preference(model, pairs)));
        }
        for (String split : options.splits()) {
            List<Caption> captions = of(Caption.class, model, inSplit(split));
            List<PairScore> pairs = new ArrayList<>();
            captions.forEach(row -> pairs.addAll(row.pairs()));
            splits.put(
                    split,
                    new SplitMetrics(
                            captions.isEmpty() ? null : pictureGap(captions),
                            captions.isEmpty() ? null : captions(captions),
                            pope(of(Question.class, model, inSplit(split))),
                            preference(model, pairs)));
        }
        return splits;
    }

    private static PictureGap pictureGap(List<Caption> rows) {
        long tokens = 0;
        double truth = 0;
        double other = 0;
        for (Caption row : rows) {
            tokens += row.truth().tokens();
            truth += row.truth().logProb();
            other += row.other().logProb();
        }
        Estimate gap =
                Estimate.of(rows.stream().mapToDouble(MetricsBuilder::gap).toArray());
        return new PictureGap(rows.size(), tokens, truth / tokens, other / tokens, gap.mean(), gap.standardError());
    }

    private static double gap(Caption row) {
        return row.truth().perToken() - row.other().perToken();
    }

    private CaptionMetrics captions(List<Caption> rows) {
        TextMetrics text =
                TextMetrics.of(rows.stream().map(MetricsBuilder::textAnswer).toList());
        Chair chair = vocabulary == null
                ? null
                : Chair.of(vocabulary, rows.stream().map(this::chairCaption).toList());
        return new CaptionMetrics(
                rows.size(),
                text.exactMatch(),
                text.wordF1(),
                chair == null ? null : chair.chairI(),
                chair == null ? null : chair.chairS(),
                mean(rows, row -> PairRule.words(row.answer().text())),
                mean(rows, row -> row.answer().finished() ? 1 : 0));
    }

    private static TextMetrics.Answer textAnswer(Caption row) {
        return new TextMetrics.Answer(row.answer().text(), List.of(row.reference()));
    }

    private Chair.Caption chairCaption(Caption row) {
        return new Chair.Caption(row.answer().text(), objects.get(row.key().imageId()));
    }

    private Map<String, PopeMetrics> pope(List<Question> rows) {
        Map<String, List<Pope.Answer>> byKind = new TreeMap<>();
        for (Question row : rows) {
            byKind.computeIfAbsent(
                            row.key().kind().substring(options.popePrefix().length()), kind -> new ArrayList<>())
                    .add(new Pope.Answer(row.answer().text(), row.yes()));
        }
        Map<String, PopeMetrics> metrics = new LinkedHashMap<>();
        byKind.forEach((kind, answers) -> {
            Pope pope = Pope.of(answers);
            metrics.put(
                    kind,
                    new PopeMetrics(
                            answers.size(),
                            pope.accuracy(),
                            pope.precision(),
                            pope.recall(),
                            pope.f1(),
                            pope.yesShare()));
        });
        return metrics;
    }

    private Map<String, PreferenceMetrics> preference(String model, List<PairScore> pairs) {
        Map<String, PreferenceMetrics> metrics = new LinkedHashMap<>();
        if (pairs.isEmpty()) {
            return metrics;
        }
        metrics.put("all", preferenceOf(model, pairs));
        Set<String> types = new TreeSet<>();
        pairs.forEach(pair -> types.add(pair.type()));
        for (String type : types) {
            metrics.put(
                    type,
                    preferenceOf(
                            model,
                            pairs.stream()
                                    .filter(pair -> pair.type().equals(type))
                                    .toList()));
        }
        return metrics;
    }

    private PreferenceMetrics preferenceOf(String model, List<PairScore> pairs) {
        return new PreferenceMetrics(
                pairs.size(),
                mean(
                        pairs,
                        pair -> wins(pair.chosen().logProb() - pair.rejected().logProb())),
                mean(
                        pairs,
                        pair -> wins(pair.chosen().perToken() - pair.rejected().perToken())),
                mean(pairs, pair -> pair.chosen().logProb()),
                mean(pairs, pair -> pair.rejected().logProb()),
                mean(pairs, pair -> pair.chosen().perToken()),
                model.equals(models.get(0).name()) ? null : reward(pairs));
    }

    /** Rewards against the base's scores of the same pairs, taken in this very evaluation. */
    private RewardMetrics reward(List<PairScore> pairs) {
        Map<String, PairScore> base = basePairs();
        double[] margins = new double[pairs.size()];
        double chosen = 0;
        double rejected = 0;
        double accuracy = 0;
        for (int index = 0; index < margins.length; index++) {
            PairScore pair = pairs.get(index);
            PairScore reference = base.get(pair.id());
            if (reference == null) {
                throw new IllegalStateException("pair " + pair.id() + " has no scores of the base model");
            }
            double better = options.beta()
                    * (pair.chosen().logProb() - reference.chosen().logProb());
            double worse = options.beta()
                    * (pair.rejected().logProb() - reference.rejected().logProb());
            margins[index] = better - worse;
            chosen += better;
            rejected += worse;
            accuracy += wins(margins[index]);
        }
        Estimate margin = Estimate.of(margins);
        return new RewardMetrics(
                options.beta(),
                accuracy / margins.length,
                margin.mean(),
                margin.standardError(),
                chosen / margins.length,
                rejected / margins.length);
    }

    private Map<String, PairScore> basePairs() {
        Map<String, PairScore> pairs = new HashMap<>();
        String base = models.get(0).name();
        of(Caption.class, base, result -> true).forEach(row -> row.pairs().forEach(pair -> pairs.put(pair.id(), pair)));
        of(TrainingPairs.class, base, result -> true)
                .forEach(row -> row.pairs().forEach(pair -> pairs.put(pair.id(), pair)));
        return pairs;
    }

    private static double wins(double difference) {
        return difference > 0 ? 1 : difference < 0 ? 0 : 0.5;
    }

    private List<PairedDifference> paired() {
        List<PairedDifference> differences = new ArrayList<>();
        for (String split : options.splits()) {
            for (int later = 1; later < models.size(); later++) {
                for (int earlier = 0; earlier < later; earlier++) {
                    addPaired(
                            differences,
                            split,
                            models.get(later).name(),
                            models.get(earlier).name());
                }
            }
        }
        return differences;
    }

    private void addPaired(List<PairedDifference> differences, String split, String model, String against) {
        List<Caption> captions = of(Caption.class, model, inSplit(split));
        List<Caption> captionsAgainst = of(Caption.class, against, inSplit(split));
        Differences<Caption> of = new Differences<>(split, model, against, captions, captionsAgainst);
        of.add(differences, "picture.gap", true, MetricsBuilder::gap);
        of.add(differences, "captions.exactMatch", true, row -> TextMetrics.exactMatch(textAnswer(row)));
        of.add(differences, "captions.wordF1", true, row -> TextMetrics.wordF1(textAnswer(row)));
        if (vocabulary != null) {
            of.add(differences, "captions.chairS", false, this::hallucinates);
        }
        new Differences<>(
                        split,
                        model,
                        against,
                        of(Question.class, model, inSplit(split)),
                        of(Question.class, against, inSplit(split)))
                .add(differences, "pope.accuracy", true, MetricsBuilder::correct);
    }

    private double hallucinates(Caption row) {
        return Chair.of(vocabulary, List.of(chairCaption(row))).chairS();
    }

    private static double correct(Question row) {
        return Pope.saysYes(row.answer().text()) == row.yes() ? 1 : 0;
    }

    /** The same rows under two models. */
    private record Differences<R extends RowResult>(
            String split, String model, String against, List<R> rows, List<R> rowsAgainst) {
        void add(
                List<PairedDifference> differences, String metric, boolean higherIsBetter, ToDoubleFunction<R> figure) {
            if (rows.isEmpty()) {
                return;
            }
            double[] values = new double[rows.size()];
            for (int index = 0; index < values.length; index++) {
                R row = rows.get(index);
                R other = rowsAgainst.get(index);
                if (!row.key().equals(other.key())) {
                    throw new IllegalStateException("rows of " + model + " and " + against + " are not the same: "
                            + row.key() + ", " + other.key());
                }
                values[index] = figure.applyAsDouble(row) - figure.applyAsDouble(other);
            }
            Estimate estimate = Estimate.of(values);
            differences.add(new PairedDifference(
                    split,
                    metric,
                    model,
                    against,
                    estimate.mean(),
                    estimate.standardError(),
                    values.length,
                    higherIsBetter));
        }
    }

    private WeakeningCurve weakening() {
        Weakening weakening = options.weakening();
        List<Weakened> rows =
                weakening == null ? List.of() : of(Weakened.class, models.get(0).name(), result -> true);
        if (rows.isEmpty()) {
            return null;
        }
        List<WeakeningPoint> points = new ArrayList<>();
        for (int index = 0; index < weakening.steps().size(); index++) {
            int at = index;
            Estimate truth = Estimate.of(
                    rows.stream().mapToDouble(row -> row.truth().get(at)).toArray());
            Estimate prior = Estimate.of(
                    rows.stream().mapToDouble(row -> row.prior().get(at)).toArray());
            points.add(new WeakeningPoint(
                    weakening.steps().get(index),
                    truth.mean(),
                    truth.standardError(),
                    prior.mean(),
                    prior.standardError()));
        }
        return new WeakeningCurve(models.get(0).name(), weakening.split(), rows.size(), points);
    }

    private static Predicate<RowResult> inSplit(String split) {
        return result -> result.key().split().equals(split);
    }

    private <R extends RowResult> List<R> of(Class<R> type, String model, Predicate<RowResult> which) {
        return results.stream()
                .filter(type::isInstance)
                .map(type::cast)
                .filter(result -> result.model().equals(model))
                .filter(which)
                .toList();
    }

    private static <R> double mean(List<R> rows, ToDoubleFunction<R> figure) {
        return Estimate.of(rows.stream().mapToDouble(figure).toArray()).mean();
    }
}
