package org.ballast.core.drift;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.ballast.core.metric.Calibration;
import org.ballast.core.metric.LongTailAccuracy;
import org.ballast.core.metric.OutOfDistributionMetrics;

/**
 * What one head, trained from one seed, reaches; plain enough for Jackson.
 *
 * @param outOfDistribution in-distribution test samples against the open set, by score (OOD is the positive class)
 * @param scale s of a tSP head or the scale of a cosine head after training; null for a linear head
 */
public record HeadResult(
        String head,
        long seed,
        LongTailAccuracy accuracy,
        Calibration calibration,
        Map<OodScore, OutOfDistributionMetrics> outOfDistribution,
        Double scale,
        List<LossPoint> lossCurve) {

    public HeadResult {
        outOfDistribution = Map.copyOf(outOfDistribution);
        lossCurve = List.copyOf(lossCurve);
    }

    /**
     * Scores predictions.
     *
     * @param trainCounts training samples by class
     * @param test predictions of in-distribution samples; must not be empty
     * @param open predictions of out-of-distribution samples; none gives no out-of-distribution figures
     */
    public static HeadResult of(
            AdapterModel model,
            long seed,
            List<LossPoint> lossCurve,
            int[] trainCounts,
            List<AdapterPrediction> test,
            List<AdapterPrediction> open) {
        int[] labels = test.stream().mapToInt(AdapterPrediction::label).toArray();
        int[] predicted = test.stream().mapToInt(AdapterPrediction::predicted).toArray();
        LongTailAccuracy accuracy = LongTailAccuracy.of(trainCounts, labels, predicted);
        double[][] logits = test.stream().map(AdapterPrediction::logits).toArray(double[][]::new);
        Map<OodScore, OutOfDistributionMetrics> detection = new EnumMap<>(OodScore.class);
        if (!open.isEmpty()) {
            for (OodScore score : OodScore.values()) {
                detection.put(score, OutOfDistributionMetrics.of(outlierness(test, score), outlierness(open, score)));
            }
        }
        return new HeadResult(
                model.head().name(),
                seed,
                accuracy,
                Calibration.ofLogits(logits, labels, Calibration.BINS),
                detection,
                model.scale(),
                lossCurve);
    }

    private static double[] outlierness(List<AdapterPrediction> predictions, OodScore score) {
        return predictions.stream()
                .mapToDouble(prediction -> -prediction.confidence().get(score))
                .toArray();
    }
}
