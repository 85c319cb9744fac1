package org.ballast.core.chat;

import java.io.Serializable;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BinaryOperator;

/**
 * What a model did so far.
 *
 * @param requests that were sent, retries included
 * @param replies rows that have an answer
 * @param failures rows that have none, after all retries
 * @param retries attempts that were or would have been made again, by cause: {@code busy}, {@code unreachable}, {@code server-error}, {@code malformed},
 *     {@code timeout}, {@code format}
 * @param seconds in service: the sum over requests of the time from sending to the answer's end
 * @param promptTokens as servers counted them
 * @param completionTokens as servers counted them
 * @param endpoints by address
 */
public record ChatStatistics(
        long requests,
        long replies,
        long failures,
        Map<String, Long> retries,
        double seconds,
        long promptTokens,
        long completionTokens,
        Map<String, OfEndpoint> endpoints)
        implements Serializable {

    public static final ChatStatistics NONE = new ChatStatistics(0, 0, 0, Map.of(), 0, 0, 0, Map.of());

    /**
     * What one endpoint did.
     *
     * @param requests that were sent to it
     * @param faults of them that ended without an answer, but for {@code busy}
     * @param busy of them that it refused because it had too much to do
     * @param opened how often it was left alone for its faults
     * @param seconds in service
     */
    public record OfEndpoint(long requests, long faults, long busy, long opened, double seconds)
            implements Serializable {
        static final OfEndpoint NONE = new OfEndpoint(0, 0, 0, 0, 0);

        OfEndpoint plus(OfEndpoint other, int sign) {
            return new OfEndpoint(
                    requests + sign * other.requests,
                    faults + sign * other.faults,
                    busy + sign * other.busy,
                    opened + sign * other.opened,
                    seconds + sign * other.seconds);
        }
    }

    public ChatStatistics {
        retries = Map.copyOf(retries);
        endpoints = Map.copyOf(endpoints);
    }

    /** The sum with another model's, or with this one's of another time. */
    public ChatStatistics plus(ChatStatistics other) {
        return plus(other, 1);
    }

    /** What came after an earlier reading of the same model. */
    public ChatStatistics minus(ChatStatistics earlier) {
        return plus(earlier, -1);
    }

    private ChatStatistics plus(ChatStatistics other, int sign) {
        return new ChatStatistics(
                requests + sign * other.requests,
                replies + sign * other.replies,
                failures + sign * other.failures,
                merged(retries, other.retries, 0L, (a, b) -> a + sign * b),
                seconds + sign * other.seconds,
                promptTokens + sign * other.promptTokens,
                completionTokens + sign * other.completionTokens,
                merged(endpoints, other.endpoints, OfEndpoint.NONE, (a, b) -> a.plus(b, sign)));
    }

    private static <T> Map<String, T> merged(Map<String, T> a, Map<String, T> b, T none, BinaryOperator<T> sum) {
        Map<String, T> merged = new TreeMap<>(a);
        b.forEach((key, value) -> merged.put(key, sum.apply(merged.getOrDefault(key, none), value)));
        return merged;
    }
}
