package org.ballast.jobs.adapter;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.ballast.core.drift.AdapterPrediction;
import org.ballast.core.drift.HeadResult;
import org.ballast.core.drift.OodScore;

/**
 * What a run of {@code train-adapter} found, as it lies in its folder for the evaluation to read.
 *
 * @param bySplit results of every head and seed by the split they were tested on
 * @param scores of the first seed's heads on the first split and on the open set
 */
public record AdapterResults(Map<String, List<HeadResult>> bySplit, List<Scores> scores) {
    /** Name of the file in the stage's folder. */
    public static final String FILE = "heads.json";

    private static final ObjectMapper JSON = new ObjectMapper();

    /** Out-of-distribution scores of one head, higher = more out of distribution. */
    public record Scores(String head, OodScore score, double[] inDistribution, double[] outOfDistribution) {
        static List<Scores> of(String head, List<AdapterPrediction> known, List<AdapterPrediction> unknown) {
            List<Scores> scores = new ArrayList<>();
            for (OodScore score : OodScore.values()) {
                scores.add(new Scores(head, score, values(known, score), values(unknown, score)));
            }
            return scores;
        }

        private static double[] values(List<AdapterPrediction> predictions, OodScore score) {
            return predictions.stream()
                    .mapToDouble(prediction -> -prediction.confidence().get(score))
                    .toArray();
        }
    }

    String toJson() {
        try {
            return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(this);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("results are numbers and names", e);
        }
    }

    /** Reads the text of the file. */
    public static AdapterResults read(String json) {
        try {
            return JSON.readValue(json, AdapterResults.class);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(FILE + ": " + e.getOriginalMessage(), e);
        }
    }
}
