package org.ballast.core.text;

import java.lang.Character.UnicodeScript;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What counts as a word wherever words of responses are counted or compared: in lower case, a run of letters and digits with the accents and vowel signs that stand
 * behind them, or one Han character, for nothing parts those.
 */
public final class Words {
    private Words() {}

    /** The words of a text in its order. */
    public static List<String> of(String text) {
        List<String> words = new ArrayList<>();
        StringBuilder word = new StringBuilder();
        text.toLowerCase(Locale.ROOT).codePoints().forEach(point -> {
            boolean han = Character.isLetter(point) && UnicodeScript.of(point) == UnicodeScript.HAN;
            boolean inside = Character.isLetterOrDigit(point) || isMark(point);
            if (han || !inside) {
                add(words, word);
            }
            if (han) {
                words.add(Character.toString(point));
            } else if (inside) {
                word.appendCodePoint(point);
            }
        });
        add(words, word);
        return words;
    }

    private static boolean isMark(int point) {
        int type = Character.getType(point);
        return type == Character.NON_SPACING_MARK || type == Character.COMBINING_SPACING_MARK;
    }

    private static void add(List<String> words, StringBuilder word) {
        if (!word.isEmpty()) {
            words.add(word.toString());
            word.setLength(0);
        }
    }
}
