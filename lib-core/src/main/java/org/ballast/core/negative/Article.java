package org.ballast.core.negative;

import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/** The English a or an before a word that is exchanged. */
final class Article {
    private static final Set<String> ARTICLES = Set.of("a", "an");
    /** Spelt with a vowel and spoken with a consonant, and the reverse. */
    private static final Pattern CONSONANT = Pattern.compile("one\\b|once\\b|uni[^mn]|us[aeu]|eu|ubiq|util.*");

    private static final Pattern VOWEL = Pattern.compile("[aeiou]|hour|honest|hono|heir|8|11\\b|18\\b");

    private Article() {}

    static boolean is(String word) {
        return ARTICLES.contains(word);
    }

    static boolean standsBefore(SwapTokens tokens, int word) {
        return tokens.joined(word) && is(tokens.get(word - 1).lower());
    }

    /** The article in its own case, changed only if the two words call for different ones. */
    static String agreeing(String article, String from, String to, boolean allCapitals) {
        if (takesAn(from) == takesAn(to)) {
            return article;
        }
        String letter = article.substring(0, 1);
        return takesAn(to) ? letter + (allCapitals ? "N" : "n") : letter;
    }

    static boolean takesAn(String word) {
        String lower = word.toLowerCase(Locale.ROOT);
        return VOWEL.matcher(lower).lookingAt() && !CONSONANT.matcher(lower).lookingAt();
    }
}
