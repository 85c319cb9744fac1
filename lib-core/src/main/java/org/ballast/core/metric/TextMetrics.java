package org.ballast.core.metric;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleBiFunction;
import java.util.regex.Pattern;

/**
 * Exact match and word F1 of answers, after SQuAD: lower case, ASCII punctuation deleted, the words a, an, the dropped,
 * white space squeezed; the maximum over the references of an answer, the mean over answers.
 *
 * @param answers number of answers
 * @param exactMatch share of answers that equal a reference
 * @param wordF1 mean F1 over bags of words
 */
public record TextMetrics(int answers, double exactMatch, double wordF1) {
    private static final Pattern PUNCTUATION = Pattern.compile("[!-/:-@\\[-`{-~]");
    private static final Pattern ARTICLE = Pattern.compile("\\b(a|an|the)\\b", Pattern.UNICODE_CHARACTER_CLASS);
    private static final Pattern SPACE = Pattern.compile("\\s+", Pattern.UNICODE_CHARACTER_CLASS);

    /** An answer and the references that it may match. */
    public record Answer(String prediction, List<String> references) {
        public Answer {
            references = List.copyOf(references);
            if (references.isEmpty()) {
                throw new IllegalArgumentException("no reference for the answer \"" + prediction + "\"");
            }
        }
    }

    /**
     * Means over answers.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static TextMetrics of(List<Answer> answers) {
        if (answers.isEmpty()) {
            throw new IllegalArgumentException("no answer to score");
        }
        double exact = 0;
        double f1 = 0;
        for (Answer answer : answers) {
            exact += exactMatch(answer);
            f1 += wordF1(answer);
        }
        return new TextMetrics(answers.size(), exact / answers.size(), f1 / answers.size());
    }

    /** 1 if the normalised prediction equals a normalised reference, else 0. */
    public static double exactMatch(Answer answer) {
        return best(answer, (prediction, reference) -> normalise(prediction).equals(normalise(reference)) ? 1 : 0);
    }

    /** Highest F1 over the references; two empty bags give 1, one empty bag 0. */
    public static double wordF1(Answer answer) {
        return best(answer, TextMetrics::wordF1);
    }

    private static double best(Answer answer, ToDoubleBiFunction<String, String> score) {
        return answer.references().stream()
                .mapToDouble(reference -> score.applyAsDouble(answer.prediction(), reference))
                .max()
                .orElseThrow();
    }

    private static double wordF1(String prediction, String reference) {
        Map<String, Integer> predicted = bag(prediction);
        Map<String, Integer> expected = bag(reference);
        if (predicted.isEmpty() || expected.isEmpty()) {
            return predicted.isEmpty() && expected.isEmpty() ? 1 : 0;
        }
        int common = 0;
        for (Map.Entry<String, Integer> word : predicted.entrySet()) {
            common += Math.min(word.getValue(), expected.getOrDefault(word.getKey(), 0));
        }
        // 2 P R / (P + R) = 2 common / (predicted + expected)
        return 2.0 * common / (size(predicted) + size(expected));
    }

    private static int size(Map<String, Integer> bag) {
        return bag.values().stream().mapToInt(Integer::intValue).sum();
    }

    private static Map<String, Integer> bag(String text) {
        Map<String, Integer> bag = new HashMap<>();
        String normalised = normalise(text);
        if (!normalised.isEmpty()) {
            Arrays.stream(normalised.split(" ", -1)).forEach(word -> bag.merge(word, 1, Integer::sum));
        }
        return bag;
    }

    /** SQuAD's normalisation; punctuation is deleted, not replaced by a space. */
    public static String normalise(String text) {
        String plain = PUNCTUATION.matcher(text.toLowerCase(Locale.ROOT)).replaceAll("");
        String words = ARTICLE.matcher(plain).replaceAll(" ");
        return SPACE.matcher(words).replaceAll(" ").strip();
    }
}
