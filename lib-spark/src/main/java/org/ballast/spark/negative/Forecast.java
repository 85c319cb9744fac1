package org.ballast.spark.negative;

import java.util.Map;
import java.util.TreeMap;

/**
 * What the whole would take, by a pilot of some prompts: {@code forecast.prompts}, {@code .negatives}, {@code .seconds} (of waves, on as many executors), {@code .tokens},
 * {@code .cost} and {@code .bytes} (of the table {@code completions}).
 *
 * @param eligible prompts of the whole
 * @param piloted prompts of the pilot
 * @param seconds that its waves took
 * @param bytes of its completions
 */
record Forecast(long eligible, long piloted, double seconds, long bytes) {

    /** @param figures of the pilot, {@link AttemptFigures} */
    Map<String, Double> figures(Map<String, Double> figures) {
        double scale = (double) eligible / piloted;
        Map<String, Double> forecast = new TreeMap<>();
        forecast.put("forecast.prompts", (double) eligible);
        forecast.put("forecast.negatives", scale * sum(figures, "wanted."));
        forecast.put("forecast.seconds", scale * seconds);
        forecast.put("forecast.tokens", scale * sum(figures, "tokens-written."));
        forecast.put("forecast.bytes", scale * bytes);
        if (figures.keySet().stream().anyMatch(name -> name.startsWith("cost."))) {
            forecast.put("forecast.cost", scale * sum(figures, "cost."));
        }
        return forecast;
    }

    private static double sum(Map<String, Double> figures, String prefix) {
        return figures.entrySet().stream()
                .filter(figure -> figure.getKey().startsWith(prefix))
                .mapToDouble(Map.Entry::getValue)
                .sum();
    }
}
