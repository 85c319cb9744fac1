package org.ballast.core.negative;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The words of a text with their places. What hyphens, apostrophes, points or slashes join without a space (red-haired, 2.5, one's) is one word;
 * every Han character is a word of its own, so that a phrase of the lexicon is a run of words in either script.
 */
final class SwapTokens {
    private static final String PART = "[\\p{L}\\p{M}\\p{N}&&[^\\p{IsHan}]]+";
    private static final Pattern WORD =
            Pattern.compile("\\p{IsHan}|" + PART + "(?:[-\u2010-\u2013'\u2019.,:/@_&+]" + PART + ")*");
    private static final Pattern SENTENCE_END = Pattern.compile("[.!?:\\n\u2026]");
    /** Signs that make more of the word they touch than the word. */
    private static final String ATTACHED = "-\u2010\u2011\u2012\u2013_@#$\u00a3\u20ac\u00a5%\u00b0\\/=+~^&";

    record Token(int start, int end, String lower) {}

    private final String text;
    private final List<Token> tokens = new ArrayList<>();
    private final boolean capitals;

    SwapTokens(String text) {
        this.text = text;
        Matcher matcher = WORD.matcher(text);
        while (matcher.find()) {
            tokens.add(new Token(matcher.start(), matcher.end(), matcher.group().toLowerCase(Locale.ROOT)));
        }
        capitals = text.codePoints().noneMatch(Character::isLowerCase)
                && text.codePoints().anyMatch(Character::isUpperCase);
    }

    /** The words of a lexicon's phrase. */
    static List<String> words(String phrase) {
        return new SwapTokens(phrase).tokens.stream().map(Token::lower).toList();
    }

    int size() {
        return tokens.size();
    }

    Token get(int i) {
        return tokens.get(i);
    }

    String between(int start, int end) {
        return text.substring(start, end);
    }

    /** True if the text has letters and all that know the difference are capital. */
    boolean allCapitals() {
        return capitals;
    }

    /** True if words i - 1 and i exist and only white space within a line is between them. */
    boolean joined(int i) {
        return i > 0 && i < tokens.size() && gap(i).isBlank() && gap(i).indexOf('\n') < 0;
    }

    boolean startsSentence(int i) {
        return i == 0 || SENTENCE_END.matcher(gap(i)).find();
    }

    boolean capitalised(int i) {
        return Character.isUpperCase(text.codePointAt(get(i).start));
    }

    /** True if a letter of the word is a capital. */
    boolean hasCapital(int i) {
        return text.substring(get(i).start, get(i).end).codePoints().anyMatch(Character::isUpperCase);
    }

    /** True if neither end of the run of words touches a sign that belongs to it: half a compound, a price, a tag. */
    boolean standsFree(int first, int last) {
        int before = get(first).start - 1;
        int after = get(last).end;
        return (before < 0 || ATTACHED.indexOf(text.charAt(before)) < 0)
                && (after >= text.length() || ATTACHED.indexOf(text.charAt(after)) < 0);
    }

    /** True for the number of a list's point: {@code 2.} or {@code 2)} at the start of a line. */
    boolean numbersPoint(int i) {
        Token token = get(i);
        return token.end < text.length()
                && ".)".indexOf(text.charAt(token.end)) >= 0
                && token.end + 1 < text.length()
                && token.lower.chars().allMatch(Character::isDigit)
                && text.substring(text.lastIndexOf('\n', token.start - 1) + 1, token.start)
                        .isBlank();
    }

    /** True if the words stand at i, one joined to the next. */
    boolean hasAt(int i, List<String> words) {
        if (i + words.size() > tokens.size()) {
            return false;
        }
        for (int k = 0; k < words.size(); k++) {
            if (!get(i + k).lower.equals(words.get(k)) || (k > 0 && !joined(i + k))) {
                return false;
            }
        }
        return true;
    }

    boolean contains(List<String> words) {
        for (int i = 0; i < tokens.size(); i++) {
            if (hasAt(i, words)) {
                return true;
            }
        }
        return false;
    }

    private String gap(int i) {
        return text.substring(get(i - 1).end, get(i).start);
    }
}
