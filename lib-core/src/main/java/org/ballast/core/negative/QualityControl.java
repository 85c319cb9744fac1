package org.ballast.core.negative;

import java.lang.Character.UnicodeScript;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.ballast.core.data.Prompt;
import org.ballast.core.text.Words;

/** Judges negatives by {@link QualityRules}. What a rule compares are words, so nothing here needs a model. */
public final class QualityControl {
    /** Words from which on a text that stands in another one is no coincidence. */
    private static final int QUOTED_WORDS = 3;
    /** Words of which the same follow one another. */
    private static final int LONGEST_CIRCLE = 12;

    private static final int MOST_TURNS = 3;
    /** Words of a piece, and share of different ones among all, below which a text goes in circles. */
    private static final int PIECE = 3;

    private static final double LEAST_DIFFERENT = 0.5;

    private final QualityRules rules;
    private final List<Pattern> refusals;

    public QualityControl(QualityRules rules) {
        this.rules = rules;
        refusals = rules.refusals().stream()
                .map(pattern -> Pattern.compile(pattern, Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE))
                .toList();
    }

    /**
     * What a negative is held against.
     *
     * @param prompt its text
     * @param positive the response that is right
     * @param others negatives that the prompt has already
     * @param known statements that are true of the picture: other right responses, labels; the positive need not be among them
     */
    public record Against(String prompt, String positive, List<String> others, List<String> known) {
        public Against {
            others = List.copyOf(others);
            known = List.copyOf(known);
        }
    }

    /** @param message for people */
    public record Rejection(QualityRule rule, String message) {}

    /**
     * The first rule that a negative breaks, in the order of {@link QualityRule}; empty for a good one.
     *
     * @param cut true when its generation ended at a limit of tokens
     */
    public Optional<Rejection> judge(String negative, boolean cut, Against against) {
        Compared words = new Compared(negative, against);
        for (QualityRule rule : QualityRule.values()) {
            if (rules.has(rule)) {
                String message = words.breaks(rule, cut);
                if (message != null) {
                    return Optional.of(new Rejection(rule, message));
                }
            }
        }
        return Optional.empty();
    }

    /** A negative and its positive in words. */
    private final class Compared {
        private final String negative;
        private final Against against;
        private final List<String> all;
        private final List<String> content;
        private final List<String> right;

        Compared(String negative, Against against) {
            this.negative = negative;
            this.against = against;
            all = Words.of(negative);
            content = ContentWords.of(negative);
            right = Words.of(against.positive);
        }

        /** What is wrong; null for nothing. */
        String breaks(QualityRule rule, boolean cut) {
            return switch (rule) {
                case EMPTY -> all.isEmpty() ? "it has no word" : null;
                case SAME_AS_POSITIVE -> isSame() ? "it is the positive" : null;
                case NEARLY_POSITIVE -> isNearlyPositive() ? "it says the same as the positive" : null;
                case REFUSED -> refusal();
                case ECHO_OF_PROMPT -> quotes(Words.of(against.prompt.replace(Prompt.IMAGE, " ")))
                        ? "it repeats the prompt"
                        : null;
                case CUT_BY_LIMIT -> cut ? "generation ended at its limit of tokens" : null;
                case WRONG_LANGUAGE -> otherScript();
                case LENGTH_RATIO -> length();
                case REPETITION -> goesInCircles(all) ? "it goes in circles" : null;
                case CONTAINS_POSITIVE -> quotes(right) ? "the whole positive stands in it" : null;
                case NEAR_DUPLICATE -> duplicate();
                case NOT_WRONG -> isKnown() ? "all that it says is known to be true of the picture" : null;
            };
        }

        private boolean isSame() {
            return RetrievedNegative.normalised(negative).equals(RetrievedNegative.normalised(against.positive));
        }

        /** "The dogs" and "a dog". */
        private boolean isNearlyPositive() {
            return !content.isEmpty() && content.equals(ContentWords.of(against.positive));
        }

        private String refusal() {
            for (Pattern pattern : refusals) {
                var matcher = pattern.matcher(negative);
                if (matcher.find()) {
                    return "the model declined: '" + matcher.group() + "'";
                }
            }
            return null;
        }

        private boolean quotes(List<String> other) {
            return other.size() >= QUOTED_WORDS && Collections.indexOfSubList(all, other) >= 0;
        }

        private String otherScript() {
            UnicodeScript mine = script(negative);
            UnicodeScript its = script(against.positive);
            return mine == its || mine == null || its == null
                    ? null
                    : "it is written in %s, the positive in %s".formatted(mine, its);
        }

        private String length() {
            if (right.isEmpty()) {
                return null;
            }
            double ratio = (double) all.size() / right.size();
            return ratio < rules.leastLength() || ratio > rules.mostLength()
                    ? "it has %d words, the positive %d".formatted(all.size(), right.size())
                    : null;
        }

        private String duplicate() {
            for (String other : against.others) {
                List<String> its = ContentWords.of(other);
                if (content.equals(its) || jaccard(content, its) >= rules.alike() && !differsByOneWord(content, its)) {
                    return "it says nearly the same as '%s'".formatted(other);
                }
            }
            return null;
        }

        /** Whether some true statement has the words of the negative in their order: in another it may well be an error. */
        private boolean isKnown() {
            return !content.isEmpty()
                    && Stream.concat(Stream.of(against.positive), against.known.stream())
                            .anyMatch(statement -> isPart(ContentWords.of(statement)));
        }

        private boolean isPart(List<String> statement) {
            int at = 0;
            for (String word : statement) {
                if (at < content.size() && word.equals(content.get(at))) {
                    at++;
                }
            }
            return at == content.size();
        }
    }

    /** The script of most letters; null without any. */
    private static UnicodeScript script(String text) {
        Map<UnicodeScript, Integer> letters = new EnumMap<>(UnicodeScript.class);
        text.codePoints()
                .filter(Character::isLetter)
                .forEach(point -> letters.merge(UnicodeScript.of(point), 1, Integer::sum));
        return letters.entrySet().stream()
                .max(Map.Entry.<UnicodeScript, Integer>comparingByValue().thenComparing(Map.Entry.comparingByKey()))
                .map(Map.Entry::getKey)
                .orElse(null);
    }

    /** Words that come again at once more than {@value #MOST_TURNS} times, or a text of which half is said twice. */
    static boolean goesInCircles(List<String> words) {
        for (int length = 1; length <= LONGEST_CIRCLE; length++) {
            int same = 0;
            for (int i = length; i < words.size(); i++) {
                same = words.get(i).equals(words.get(i - length)) ? same + 1 : 0;
                if (same >= length * MOST_TURNS) {
                    return true;
                }
            }
        }
        int pieces = words.size() - PIECE + 1;
        if (pieces < 4 * PIECE) {
            return false;
        }
        Set<List<String>> different = new HashSet<>();
        for (int i = 0; i < pieces; i++) {
            different.add(words.subList(i, i + PIECE));
        }
        return different.size() < LEAST_DIFFERENT * pieces;
    }

    private static double jaccard(List<String> one, List<String> other) {
        Set<String> common = new HashSet<>(one);
        common.retainAll(other);
        Set<String> both = new HashSet<>(one);
        both.addAll(other);
        return both.isEmpty() ? 1 : (double) common.size() / both.size();
    }

    /** Two texts that differ in one word say different things, however long they are. */
    private static boolean differsByOneWord(List<String> one, List<String> other) {
        if (one.size() != other.size()) {
            return false;
        }
        int different = 0;
        for (int i = 0; i < one.size(); i++) {
            different += one.get(i).equals(other.get(i)) ? 0 : 1;
        }
        return different == 1;
    }
}
