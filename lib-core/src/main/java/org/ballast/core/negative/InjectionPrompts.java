package org.ballast.core.negative;

import java.io.Serializable;
import java.lang.Character.UnicodeScript;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.ballast.core.data.Prompt;
import org.ballast.core.text.Words;

/**
 * What a language model is told to write an error into a right response: by what was asked, and in the language of the response. Source: error injection
 * of BPO (arXiv 2403.08730, section 3.2); the texts are our own.
 *
 * @param describeKinds kinds of prompts that ask for a description; all others are questions
 * @param describe of a description, in English; holds {@value #RESPONSE} and may hold {@value #PROMPT}
 * @param describeChinese of a description, where the response is written in Chinese
 * @param question of an answer, in English
 * @param questionChinese of an answer, in Chinese
 */
public record InjectionPrompts(
        List<String> describeKinds, String describe, String describeChinese, String question, String questionChinese)
        implements Serializable {
    /** Stands for the prompt, without its picture. */
    public static final String PROMPT = "{prompt}";
    /** Stands for the right response. */
    public static final String RESPONSE = "{response}";

    /** Fewer may be an answer: "Three", where an example says so. */
    private static final int REPEATED_WORDS = 5;

    public InjectionPrompts {
        describeKinds = List.copyOf(describeKinds);
        for (String text : List.of(describe, describeChinese, question, questionChinese)) {
            if (!text.contains(RESPONSE)) {
                throw new IllegalArgumentException(
                        "a prompt for injection must hold " + RESPONSE + ", but is: " + text);
            }
        }
    }

    /**
     * The text that the language model gets.
     *
     * @param kind of the prompt, may be null
     */
    public String of(String kind, String prompt, String response) {
        boolean description = kind != null && describeKinds.contains(kind);
        boolean chinese = isChinese(response);
        String text = description ? (chinese ? describeChinese : describe) : (chinese ? questionChinese : question);
        // in one pass: a response may hold the mark of the prompt
        StringBuilder filled = new StringBuilder();
        for (int at = 0; at < text.length(); ) {
            if (text.startsWith(PROMPT, at)) {
                filled.append(prompt.replace(Prompt.IMAGE, " ").strip());
                at += PROMPT.length();
            } else if (text.startsWith(RESPONSE, at)) {
                filled.append(response);
                at += RESPONSE.length();
            } else {
                filled.append(text.charAt(at++));
            }
        }
        return filled.toString();
    }

    /**
     * Whether a reply only repeats one of the texts, as weak models do: what stands there in quotation marks ("the rewritten description"), or
     * {@value #REPEATED_WORDS} words of it and more that follow each other.
     */
    public boolean isRepeated(String reply) {
        String bare = reply.strip().replaceFirst("[.。]$", "").toLowerCase(Locale.ROOT);
        List<String> words = Words.of(reply);
        return !bare.isEmpty()
                && Stream.of(describe, describeChinese, question, questionChinese)
                        .anyMatch(text -> text.toLowerCase(Locale.ROOT).contains('"' + bare + '"')
                                || words.size() >= REPEATED_WORDS
                                        && Collections.indexOfSubList(Words.of(text), words) >= 0);
    }

    /** True when at least half of the letters are Han. */
    private static boolean isChinese(String text) {
        long letters = text.codePoints().filter(Character::isLetter).count();
        long han = text.codePoints()
                .filter(point -> UnicodeScript.of(point) == UnicodeScript.HAN)
                .count();
        return han > 0 && 2 * han >= letters;
    }
}
