package org.ballast.core.mllm.generate;

import java.util.Arrays;
import java.util.BitSet;
import java.util.random.RandomGenerator;

/** From the scores of one position to a token. Plain Java on one row, so that a row's choice cannot depend on its neighbours. */
final class TokenChoice {
    private final GenerationOptions options;

    TokenChoice(GenerationOptions options) {
        this.options = options;
    }

    /**
     * The tokens that may be drawn, the most probable first, the lower id among equals.
     *
     * @param probs sum to 1
     */
    @SuppressWarnings("ArrayRecordComponent")
    record Distribution(int[] ids, double[] probs) {}

    /**
     * One token.
     *
     * @param scores {@code [vocab]}, changed here; negative infinity: never chosen
     * @param seen ids of the prompt and the answer so far
     * @param random draws once if the temperature is not 0
     */
    int choose(float[] scores, BitSet seen, RandomGenerator random) {
        penalise(scores, seen);
        if (options.temperature() == 0) {
            return highest(scores);
        }
        Distribution kept = distribution(scores);
        double point = random.nextDouble();
        double sum = 0;
        for (int i = 0; i < kept.ids.length; i++) {
            sum += kept.probs[i];
            if (point < sum) {
                return kept.ids[i];
            }
        }
        return kept.ids[kept.ids.length - 1]; // the sum fell short of 1 by rounding
    }

    private void penalise(float[] scores, BitSet seen) {
        double penalty = options.repetitionPenalty();
        if (penalty == 1) {
            return;
        }
        for (int id = seen.nextSetBit(0); id >= 0; id = seen.nextSetBit(id + 1)) {
            scores[id] = (float) (scores[id] > 0 ? scores[id] / penalty : scores[id] * penalty);
        }
    }

    static int highest(float[] scores) {
        int best = -1;
        float highest = Float.NEGATIVE_INFINITY;
        for (int id = 0; id < scores.length; id++) {
            if (Float.isNaN(scores[id])) {
                throw new ArithmeticException("the score of token " + id + " is not a number");
            }
            if (scores[id] > highest) {
                best = id;
                highest = scores[id];
            }
        }
        if (best < 0) {
            throw new ArithmeticException("no token has a score above negative infinity");
        }
        return best;
    }

    /** The distribution after temperature, top-k and top-p, of scores that are already penalised. */
    Distribution distribution(float[] scores) {
        float highest = scores[highest(scores)];
        long[] sorted = falling(scores);
        int count = sorted.length;
        if (options.topK() > 0 && options.topK() < count) {
            float least = scores[(int) sorted[options.topK() - 1]];
            count = options.topK();
            while (count < sorted.length && scores[(int) sorted[count]] == least) {
                count++;
            }
        }
        double[] weights = new double[count];
        double total = 0;
        for (int i = 0; i < count; i++) {
            weights[i] = Math.exp((scores[(int) sorted[i]] - highest) / options.temperature());
            total += weights[i];
        }
        if (options.topP() < 1) {
            double limit = options.topP() * total;
            double mass = weights[0];
            int kept = 1;
            while (kept < count && mass < limit) {
                mass += weights[kept++];
            }
            count = kept;
            total = mass;
        }
        int[] ids = new int[count];
        double[] probs = new double[count];
        for (int i = 0; i < count; i++) {
            ids[i] = (int) sorted[i];
            probs[i] = weights[i] / total;
        }
        return new Distribution(ids, probs);
    }

    /** Ids with a finite score in the low 32 bits, highest score first, lower id first among equals. */
    private static long[] falling(float[] scores) {
        long[] keys = new long[scores.length];
        int n = 0;
        for (int id = 0; id < scores.length; id++) {
            if (scores[id] > Float.NEGATIVE_INFINITY) {
                int bits = Float.floatToIntBits(scores[id] + 0f); // -0 and 0 are equal scores
                int rising = bits < 0 ? ~bits : bits | Integer.MIN_VALUE; // as an unsigned number
                keys[n++] = ((long) ~rising << 32 ^ Long.MIN_VALUE) | id;
            }
        }
        long[] sorted = Arrays.copyOf(keys, n);
        Arrays.sort(sorted);
        return sorted;
    }
}
