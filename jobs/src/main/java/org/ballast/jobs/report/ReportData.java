package org.ballast.jobs.report;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.ballast.spark.evaluate.Example;
import org.ballast.spark.evaluate.Metrics;
import org.ballast.spark.negative.NegativeMetrics;

/**
 * Everything that the report shows; a part without data is an empty list and its section says so.
 *
 * @param title first line of the page
 * @param run what was run
 * @param classes training images a class
 * @param curves losses of the trainings, in the order they ran
 * @param metrics what evaluation measured
 * @param oodScores scores of in- and out-of-distribution samples, by head and score
 * @param preferenceTrainSplit split whose preference figures are those of training pairs
 * @param examples rows to look at
 * @param negatives what there is of the negatives, by stage
 */
public record ReportData(
        String title,
        Run run,
        List<ClassCount> classes,
        List<LossCurve> curves,
        Metrics metrics,
        List<OodScores> oodScores,
        String preferenceTrainSplit,
        List<Example> examples,
        List<Negatives> negatives) {

    public ReportData {
        Objects.requireNonNull(metrics, "metrics");
        classes = List.copyOf(classes);
        curves = List.copyOf(curves);
        oodScores = List.copyOf(oodScores);
        examples = List.copyOf(examples);
        negatives = List.copyOf(negatives);
    }

    /**
     * Negatives of one stage.
     *
     * @param stage name
     * @param pictures PNGs of its examples' pictures, by image id, as far as they can be shown
     */
    public record Negatives(String stage, NegativeMetrics metrics, Map<String, byte[]> pictures) {
        public Negatives {
            pictures = Map.copyOf(pictures);
        }
    }

    /**
     * What was run.
     *
     * @param started ISO date and time
     * @param facts further lines (seed, data, model size), label and value
     */
    public record Run(String id, String started, String codeVersion, List<Fact> facts) {
        public Run {
            facts = List.copyOf(facts);
        }
    }

    /** A labelled value. */
    public record Fact(String label, String value) {}

    /** Training images of one class. */
    public record ClassCount(String name, long images) {
        public ClassCount {
            if (images < 0) {
                throw new IllegalArgumentException("class " + name + " has " + images + " images");
            }
        }

        /** many above 100 training images, medium from 20, few below. */
        Frequency frequency() {
            return images > 100 ? Frequency.MANY : images >= 20 ? Frequency.MEDIUM : Frequency.FEW;
        }
    }

    /** Groups of classes by training images. */
    enum Frequency {
        MANY("many (more than 100)"),
        MEDIUM("medium (20 to 100)"),
        FEW("few (fewer than 20)");

        final String label;

        Frequency(String label) {
            this.label = label;
        }
    }

    /**
     * Loss of one training.
     *
     * @param name of the training: SFT, DPO ...
     * @param model name of the model that it makes, as in the metrics
     * @param lossName what the loss is, for the axis
     * @param points by rising step
     */
    public record LossCurve(String name, String model, String lossName, List<LossPoint> points) {
        public LossCurve {
            points = List.copyOf(points);
        }
    }

    /**
     * Loss at a step.
     *
     * @param heldOut loss on a held-out split, null where it was not measured
     */
    public record LossPoint(long step, double loss, Double heldOut) {}

    /**
     * Scores of one seed's head, higher = more out-of-distribution.
     *
     * @param head name
     * @param score maxDensity, msp or energy
     */
    public record OodScores(String head, String score, double[] inDistribution, double[] outOfDistribution) {
        public OodScores {
            if (inDistribution.length == 0 || outOfDistribution.length == 0) {
                throw new IllegalArgumentException("no scores of " + head + "/" + score);
            }
        }
    }
}
