package org.ballast.core.longtail;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How a class of a split may be sampled: table {@code sampling}.
 *
 * @param count how many samples of which class
 * @param instanceBalanced probability of the class by {@link SamplingStrategy#INSTANCE_BALANCED}
 * @param classBalanced by {@link SamplingStrategy#CLASS_BALANCED}
 * @param squareRoot by {@link SamplingStrategy#SQUARE_ROOT}
 * @param progressivelyBalanced by {@link SamplingStrategy#PROGRESSIVELY_BALANCED} at the rule's progress; at any other it is
 *     {@code (1 - t/T) instanceBalanced + t/T classBalanced}
 * @param effectiveNumberWeight weight of the class's loss, {@link EffectiveNumber#weights}
 * @param sampleWeight of each sample of the class by the rule's strategy, p_k N / n_k: 1 on average over the samples
 */
public record ClassSampling(
        ClassCount count,
        double instanceBalanced,
        double classBalanced,
        double squareRoot,
        double progressivelyBalanced,
        double effectiveNumberWeight,
        double sampleWeight)
        implements Serializable {

    /** The classes of the training distribution, by table and split. */
    public static List<ClassSampling> of(List<ClassCount> counts, SamplingRule rule) {
        Map<List<String>, List<ClassCount>> parts = new LinkedHashMap<>();
        for (ClassCount count : counts) {
            if (count.inDistribution()) {
                parts.computeIfAbsent(List.of(count.table(), count.split()), key -> new ArrayList<>())
                        .add(count);
            }
        }
        List<ClassSampling> all = new ArrayList<>();
        parts.values().forEach(part -> all.addAll(ofSplit(part, rule)));
        return all;
    }

    private static List<ClassSampling> ofSplit(List<ClassCount> classes, SamplingRule rule) {
        long[] counts = classes.stream().mapToLong(ClassCount::samples).toArray();
        double[] instance = SamplingStrategy.INSTANCE_BALANCED.probabilities(counts, rule.progress());
        double[] balanced = SamplingStrategy.CLASS_BALANCED.probabilities(counts, rule.progress());
        double[] root = SamplingStrategy.SQUARE_ROOT.probabilities(counts, rule.progress());
        double[] progressive = SamplingStrategy.PROGRESSIVELY_BALANCED.probabilities(counts, rule.progress());
        double[] chosen = rule.strategy().probabilities(counts, rule.progress());
        double[] effective = EffectiveNumber.weights(counts, rule.beta());
        long samples = 0;
        for (long count : counts) {
            samples += count;
        }
        List<ClassSampling> rows = new ArrayList<>(counts.length);
        for (int k = 0; k < counts.length; k++) {
            rows.add(new ClassSampling(
                    classes.get(k),
                    instance[k],
                    balanced[k],
                    root[k],
                    progressive[k],
                    effective[k],
                    chosen[k] * samples / counts[k]));
        }
        return rows;
    }
}
