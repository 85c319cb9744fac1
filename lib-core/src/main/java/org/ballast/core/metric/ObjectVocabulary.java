package org.ballast.core.metric;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The objects that a text can mention, each by its surface forms: synonyms and their plurals. Text is lower-cased and
 * cut into runs of [a-z]; at each position the longest surface form wins and the scan goes on behind it (CHAIR).
 */
public final class ObjectVocabulary {
    private static final Pattern WORD = Pattern.compile("[a-z]+");
    private static final Pattern QUESTION =
            Pattern.compile("\\s*Is there (?:an?|the) (.+) in the (?:picture|image|photo)\\?\\s*");

    /** Plurals that no rule gives. */
    public static final Map<String, String> IRREGULAR_PLURALS = Map.ofEntries(
            Map.entry("person", "people"),
            Map.entry("man", "men"),
            Map.entry("woman", "women"),
            Map.entry("child", "children"),
            Map.entry("mouse", "mice"),
            Map.entry("goose", "geese"),
            Map.entry("foot", "feet"),
            Map.entry("tooth", "teeth"),
            Map.entry("knife", "knives"),
            Map.entry("leaf", "leaves"),
            Map.entry("wolf", "wolves"),
            Map.entry("shelf", "shelves"),
            Map.entry("sheep", "sheep"),
            Map.entry("fish", "fish"));

    private final Map<String, String> objectByForm;
    private final int longestForm;

    private ObjectVocabulary(Map<String, String> objectByForm) {
        this.objectByForm = Collections.unmodifiableMap(objectByForm);
        this.longestForm = objectByForm.keySet().stream()
                .mapToInt(form -> words(form).size())
                .max()
                .orElse(0);
    }

    /**
     * From objects with their synonyms.
     *
     * @param synonyms object to synonyms; list the object's own name among them if it is a surface form
     * @param irregularPlurals plural of a word, where the rules (s, es, ies) do not give it
     * @throws IllegalArgumentException if a form has no letter or belongs to two objects
     */
    public static ObjectVocabulary of(Map<String, List<String>> synonyms, Map<String, String> irregularPlurals) {
        Map<String, String> forms = new LinkedHashMap<>();
        for (Map.Entry<String, List<String>> object : synonyms.entrySet()) {
            for (String synonym : object.getValue()) {
                for (String form : List.of(joined(synonym), plural(joined(synonym), irregularPlurals))) {
                    String other = forms.put(form, object.getKey());
                    if (other != null && !other.equals(object.getKey())) {
                        throw new IllegalArgumentException("surface form \"" + form + "\" belongs to \"" + other
                                + "\" and to \"" + object.getKey() + "\"");
                    }
                }
            }
        }
        return new ObjectVocabulary(forms);
    }

    /**
     * From POPE's questions, "Is there a dog in the picture?": one object for each thing asked about, a plural ("hands")
     * being the object of its singular where both are asked about.
     *
     * @throws IllegalArgumentException if a question is phrased otherwise
     */
    public static ObjectVocabulary ofQuestions(Collection<String> questions) {
        Set<String> names = new TreeSet<>();
        for (String question : questions) {
            names.add(joined(objectOf(question)));
        }
        Map<String, String> singular = new HashMap<>();
        names.forEach(name -> singular.put(plural(name, IRREGULAR_PLURALS), name));
        Map<String, List<String>> synonyms = new LinkedHashMap<>();
        for (String name : names) {
            synonyms.computeIfAbsent(singular.getOrDefault(name, name), key -> new ArrayList<>())
                    .add(name);
        }
        return of(synonyms, IRREGULAR_PLURALS);
    }

    /**
     * The thing that a POPE question asks about.
     *
     * @throws IllegalArgumentException if it is not such a question
     */
    public static String objectOf(String question) {
        Matcher matcher = QUESTION.matcher(question);
        if (!matcher.matches()) {
            throw new IllegalArgumentException(
                    "not a question \"Is there a(n) X in the picture?\": \"" + question + "\"");
        }
        return matcher.group(1);
    }

    /** Surface form (words joined by one space) to object. */
    public Map<String, String> surfaceForms() {
        return objectByForm;
    }

    /** The object of each mention in the order of the text, repeated ones too. */
    public List<String> mentions(String text) {
        List<String> words = words(text);
        List<String> mentions = new ArrayList<>();
        for (int start = 0; start < words.size(); ) {
            int length = Math.min(longestForm, words.size() - start);
            String object = null;
            for (; length > 0 && object == null; length--) {
                object = objectByForm.get(String.join(" ", words.subList(start, start + length)));
            }
            if (object == null) {
                start++;
            } else {
                mentions.add(object);
                start += length + 1;
            }
        }
        return mentions;
    }

    /** The different objects that the texts mention: the ground truth of a picture, given its reference answers. */
    public Set<String> objects(Collection<String> texts) {
        Set<String> objects = new LinkedHashSet<>();
        texts.forEach(text -> objects.addAll(mentions(text)));
        return objects;
    }

    private static List<String> words(String text) {
        List<String> words = new ArrayList<>();
        Matcher matcher = WORD.matcher(text.toLowerCase(Locale.ROOT));
        while (matcher.find()) {
            words.add(matcher.group());
        }
        return words;
    }

    private static String joined(String form) {
        List<String> words = words(form);
        if (words.isEmpty()) {
            throw new IllegalArgumentException("a surface form without a letter: \"" + form + "\"");
        }
        return String.join(" ", words);
    }

    /** The form with its last word in the plural. */
    private static String plural(String form, Map<String, String> irregular) {
        int last = form.lastIndexOf(' ') + 1;
        String word = form.substring(last);
        String plural = irregular.get(word);
        if (plural == null) {
            if (word.matches(".*(s|x|z|ch|sh)")) {
                plural = word + "es";
            } else if (word.matches(".*[^aeiou]y")) {
                plural = word.substring(0, word.length() - 1) + "ies";
            } else {
                plural = word + "s";
            }
        }
        return form.substring(0, last) + plural;
    }
}
