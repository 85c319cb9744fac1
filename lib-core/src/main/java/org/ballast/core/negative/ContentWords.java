package org.ballast.core.negative;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.ballast.core.text.Words;

/**
 * The {@linkplain Words words} of a text that say something: without articles, auxiliaries and other words that may change while the statement stays, English nouns and
 * verbs without their {@code -s}. Position words and numbers count.
 */
public final class ContentWords {
    private static final Set<String> EMPTY = Set.of(
            "a",
            "an",
            "the",
            "this",
            "that",
            "these",
            "those",
            "it",
            "its",
            "there",
            "here",
            "and",
            "or",
            "but",
            "of",
            "is",
            "are",
            "was",
            "were",
            "be",
            "been",
            "being",
            "has",
            "have",
            "had",
            "do",
            "does",
            "did",
            "can",
            "could",
            "will",
            "would",
            "may",
            "might",
            "which",
            "who",
            "whose",
            "what",
            "with",
            "as",
            "by",
            "for",
            "to",
            "from",
            "at",
            "some",
            "any",
            "very",
            "also",
            "too",
            "so",
            "then",
            "than",
            "into",
            "onto",
            "i",
            "you",
            "he",
            "she",
            "they",
            "we",
            "his",
            "her",
            "their",
            "our",
            "my",
            "your",
            "image",
            "picture",
            "photo",
            "photograph",
            "shows",
            "show",
            "showing",
            "shown",
            "see",
            "seen",
            "appears",
            "appear",
            "的",
            "了",
            "是",
            "在",
            "着",
            "一",
            "个",
            "和",
            "与",
            "这",
            "那",
            "有",
            "图",
            "片",
            "中");

    private static final int SHORTEST_STEM = 3;

    private ContentWords() {}

    /** In the order of the text. */
    public static List<String> of(String text) {
        List<String> words = new ArrayList<>();
        for (String word : Words.of(text)) {
            if (!EMPTY.contains(word)) {
                words.add(stem(word));
            }
        }
        return words;
    }

    private static String stem(String word) {
        boolean plural = word.endsWith("s") && !word.endsWith("ss") && !word.endsWith("us") && !word.endsWith("is");
        return plural && word.length() > SHORTEST_STEM ? word.substring(0, word.length() - 1) : word;
    }
}
