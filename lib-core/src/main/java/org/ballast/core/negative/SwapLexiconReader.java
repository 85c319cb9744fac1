package org.ballast.core.negative;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Reader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.ballast.core.negative.SwapLexicon.Condition;
import org.ballast.core.negative.SwapLexicon.Entry;
import org.ballast.core.negative.SwapLexicon.Form;
import org.ballast.core.negative.SwapLexicon.Group;

/** Reads the format that {@link SwapLexicon} describes, up to the first line that is wrong. */
final class SwapLexiconReader {
    private static final String KEEP = "keep";

    private final String name;
    private final Map<String, List<String>> sets = new HashMap<>();
    private final List<Entry> entries = new ArrayList<>();
    private int line;
    private String section;
    private int groups;

    /** @param name of the source, for errors */
    SwapLexiconReader(String name) {
        this.name = name;
    }

    List<Entry> read(Reader in) throws IOException {
        BufferedReader lines = new BufferedReader(in);
        for (String raw = lines.readLine(); raw != null; raw = lines.readLine()) {
            line++;
            String text = (line == 1 && raw.startsWith("\ufeff") ? raw.substring(1) : raw).strip();
            if (text.startsWith("@")) {
                set(text);
            } else if (text.startsWith("[")) {
                section(text);
            } else if (!text.isEmpty() && !text.startsWith("#")) {
                words(text);
            }
        }
        if (groups == 0) {
            throw new IllegalArgumentException(name + ": has no group of words");
        }
        return entries;
    }

    private void set(String text) {
        int equals = text.indexOf('=');
        String key = equals < 0 ? "" : text.substring(1, equals).strip();
        if (key.isEmpty() || key.contains(" ")) {
            throw wrong("a set must look like @name = word word, not " + quoted(text));
        }
        if (sets.put(key, neighbours(text.substring(equals + 1))) != null) {
            throw wrong("the set @" + key + " is there already");
        }
    }

    private void section(String text) {
        String key = text.endsWith("]") ? text.substring(1, text.length() - 1).strip() : "";
        boolean known = key.equals(KEEP)
                || Arrays.stream(SwapCategory.values()).anyMatch(c -> c.key().equals(key));
        if (!known) {
            String all = Arrays.stream(SwapCategory.values())
                    .map(category -> "[" + category.key() + "]")
                    .collect(Collectors.joining(", "));
            throw wrong(quoted(text) + " is none of " + all + ", [" + KEEP + "]");
        }
        section = key;
    }

    private void words(String text) {
        if (section == null) {
            throw wrong(quoted(text) + " stands before the first [category]");
        }
        if (section.equals(KEEP)) {
            for (String phrase : text.split(",", -1)) {
                entries.add(new Entry(form(phrase), null, 0));
            }
        } else {
            group(text);
        }
    }

    private void group(String text) {
        String[] fields = text.split(";", -1);
        List<List<Form>> sides = new ArrayList<>();
        Set<List<String>> seen = new HashSet<>();
        for (String side : fields[0].split("\\|", -1)) {
            List<Form> forms = new ArrayList<>();
            for (String phrase : side.split(",", -1)) {
                Form form = form(phrase);
                if (!seen.add(form.words())) {
                    throw wrong(quoted(form.text()) + " is twice in one group");
                }
                forms.add(form);
            }
            sides.add(List.copyOf(forms));
        }
        if (sides.size() < 2) {
            throw wrong(quoted(fields[0].strip()) + " has nothing to be exchanged with: sides are parted by |");
        }
        List<Condition> conditions = new ArrayList<>();
        for (int i = 1; i < fields.length; i++) {
            conditions.add(condition(fields[i].strip()));
        }
        Group group = new Group(
                SwapCategory.valueOf(section.toUpperCase(Locale.ROOT)), List.copyOf(sides), List.copyOf(conditions));
        for (int side = 0; side < sides.size(); side++) {
            for (Form form : sides.get(side)) {
                if (!form.onlyReplaces()) {
                    entries.add(new Entry(form, group, side));
                }
            }
        }
        groups++;
    }

    private Form form(String phrase) {
        boolean onlyReplaces = phrase.strip().startsWith(">");
        String text = onlyReplaces ? phrase.strip().substring(1).strip() : phrase.strip();
        List<String> words = SwapTokens.words(text);
        if (words.isEmpty()) {
            throw wrong(quoted(phrase.strip()) + " is no word");
        }
        if (!text.equals(text.toLowerCase(Locale.ROOT))) {
            throw wrong(quoted(text) + " must be in lower case");
        }
        // an article at the end would have to agree with a word that is not in the phrase
        if (Article.is(words.get(words.size() - 1))) {
            throw wrong(quoted(text) + " must not end with an article");
        }
        return new Form(text, words, onlyReplaces);
    }

    private Condition condition(String text) {
        boolean wanted = !text.startsWith("not ");
        String rest = wanted ? text : text.substring("not ".length()).strip();
        boolean following = rest.startsWith("before ");
        if (!following && !rest.startsWith("after ")) {
            throw wrong(quoted(text) + " must start with before, after, not before or not after and a word");
        }
        return new Condition(
                wanted, following, Set.copyOf(new HashSet<>(neighbours(rest.substring(rest.indexOf(' '))))));
    }

    private List<String> neighbours(String text) {
        List<String> words = new ArrayList<>();
        for (String word : text.strip().split("\\s+")) {
            if (word.startsWith("@")) {
                List<String> set = sets.get(word.substring(1));
                if (set == null) {
                    throw wrong("there is no set " + word + " above");
                }
                words.addAll(set);
            } else if (word.equals(SwapLexicon.EDGE) || SwapTokens.words(word).equals(List.of(word))) {
                words.add(word);
            } else {
                throw wrong(quoted(word) + " must be one word in lower case");
            }
        }
        return words;
    }

    private IllegalArgumentException wrong(String message) {
        return new IllegalArgumentException(name + ":" + line + ": " + message);
    }

    private static String quoted(String text) {
        return "\"" + text + "\"";
    }
}
