package org.ballast.spark.evaluate;

import java.io.Serializable;
import java.util.List;

/** What comes of one planned row under one model. */
public sealed interface RowResult extends Serializable {
    /** Prompt that was evaluated. */
    Key key();

    /** Model that was evaluated; null for what concerns no model. */
    String model();

    /** A row and where it belongs. */
    record Key(String promptId, String imageId, String split, String kind) implements Serializable {}

    /** Log-probability of a response, summed over its tokens, end token included. */
    record Scored(double logProb, int tokens) implements Serializable {
        public Scored {
            if (tokens < 1 || !Double.isFinite(logProb)) {
                throw new IllegalArgumentException("log-prob " + logProb + " over " + tokens + " tokens");
            }
        }

        /** Mean over the tokens. */
        double perToken() {
            return logProb / tokens;
        }
    }

    /** Scores of a pair; {@code id} names the pair, {@code type} the rejected response. */
    record PairScore(String id, String type, Scored chosen, Scored rejected) implements Serializable {}

    /** A greedy answer; {@code finished} if it ended by itself. */
    record Answer(String text, boolean finished) implements Serializable {}

    /** A descriptive prompt. */
    record Caption(
            Key key,
            String model,
            String prompt,
            String reference,
            Scored truth,
            Scored other,
            Answer answer,
            List<PairScore> pairs,
            List<Example.Labelled> negatives)
            implements RowResult {
        public Caption {
            pairs = List.copyOf(pairs);
            negatives = List.copyOf(negatives);
        }
    }

    /** A yes/no question; {@code question} without its picture's place. */
    record Question(Key key, String model, String question, boolean yes, Answer answer) implements RowResult {}

    /** Pairs of a training row. */
    record TrainingPairs(Key key, String model, List<PairScore> pairs) implements RowResult {
        public TrainingPairs {
            pairs = List.copyOf(pairs);
        }
    }

    /** Log-probs a token by step, of the true response and of the answer to a blank picture. */
    record Weakened(Key key, String model, List<Double> truth, List<Double> prior) implements RowResult {
        public Weakened {
            truth = List.copyOf(truth);
            prior = List.copyOf(prior);
        }
    }

    /** Pictures of an example, as PNG. */
    @SuppressWarnings("ArrayRecordComponent")
    record Pictures(Key key, byte[] clean, byte[] weakened) implements RowResult {
        @Override
        public String model() {
            return null;
        }
    }

    /** A row that cannot be evaluated: reason code and message. */
    record Rejected(Key key, String reason, String message) implements RowResult {
        @Override
        public String model() {
            return null;
        }
    }
}
