package org.ballast.core.negative;

import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.Serializable;
import java.io.StringReader;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.ballast.core.data.Sha256;

/**
 * Which words exchange with which. A text in UTF-8, one group a line, under the category it belongs to:
 *
 * <pre>
 * # a comment
 * &#64;people = man woman boy girl                        a named set of words, for conditions
 *
 * [color]                                             attribute, color, count, position or keep
 * red | blue | gray, grey | &gt;scarlet                  sides exclude each other; a comma parts words that mean the same;
 *                                                     &gt; marks one that only replaces
 * [attribute]
 * old | young ; before &#64;people ; not after years      where the word must stand and where not; . is the edge of a clause
 * [keep]
 * hot dog, black and white                            never touched, nor any word in them
 * </pre>
 *
 * Where several phrases fit the longest counts. The conditions of a line must all hold; a word may be in several lines, each with its own.
 */
public final class SwapLexicon implements Serializable {
    private static final long serialVersionUID = 1;
    private static final List<String> BUILT_IN = List.of("swap-en.txt", "swap-zh.txt");
    private static final Pattern POSSESSIVE = Pattern.compile("['\u2019]s$");
    /** In a condition: no word is joined on this side. */
    static final String EDGE = ".";

    /** A word or phrase; {@code words} as {@link SwapTokens} has them. */
    record Form(String text, List<String> words, boolean onlyReplaces) implements Serializable {}

    /** Whether the word before (after) must be, or must not be, one of these, a possessive 's aside. */
    record Condition(boolean wanted, boolean following, Set<String> words) implements Serializable {
        boolean holds(SwapTokens tokens, int first, int last) {
            int neighbour = following ? last + 1 : first - 1;
            boolean joined = tokens.joined(following ? neighbour : first);
            String word = joined ? tokens.get(neighbour).lower() : EDGE;
            boolean found = words.contains(word)
                    || words.contains(POSSESSIVE.matcher(word).replaceFirst(""));
            return found == wanted;
        }
    }

    /** @param sides each the forms of one meaning, all but it a contradiction to it */
    record Group(SwapCategory category, List<List<Form>> sides, List<Condition> conditions) implements Serializable {}

    /** A form that may be found in a text. A form to keep has no group. */
    record Entry(Form form, Group group, int side) implements Serializable {
        boolean fits(SwapTokens tokens, int first) {
            int last = first + form.words.size() - 1;
            return tokens.hasAt(first, form.words)
                    && (group == null
                            || group.conditions.stream().allMatch(condition -> condition.holds(tokens, first, last)));
        }
    }

    private final Map<String, List<Entry>> byFirstWord = new HashMap<>();
    private final String digest;

    SwapLexicon(List<Entry> entries, String digest) {
        for (Entry entry : entries) {
            byFirstWord
                    .computeIfAbsent(entry.form.words.get(0), word -> new ArrayList<>())
                    .add(entry);
        }
        this.digest = digest;
    }

    /** Ballast's own lists, English and Chinese. */
    public static SwapLexicon builtIn() {
        List<Entry> entries = new ArrayList<>();
        List<String> digests = new ArrayList<>();
        for (String name : BUILT_IN) {
            try (InputStream in = SwapLexicon.class.getResourceAsStream(name)) {
                if (in == null) {
                    throw new IllegalStateException("resource " + name + " is missing");
                }
                String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
                entries.addAll(new SwapLexiconReader(name).read(new StringReader(text)));
                digests.add(Sha256.of(text));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return new SwapLexicon(entries, Sha256.of(digests.toArray(String[]::new)));
    }

    /**
     * A list of the user's own, in place of the built-in ones.
     *
     * @throws IllegalArgumentException if the file is not a lexicon; names file, line and value
     * @throws IOException if the file cannot be read
     */
    public static SwapLexicon read(Path file) throws IOException {
        try (Reader in = new InputStreamReader(Files.newInputStream(file), StandardCharsets.UTF_8.newDecoder())) {
            return read(file.toString(), in);
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException(file + ": is not UTF-8", e);
        }
    }

    /** @param name of the source, for errors */
    public static SwapLexicon read(String name, Reader in) throws IOException {
        StringWriter text = new StringWriter();
        in.transferTo(text);
        return new SwapLexicon(
                new SwapLexiconReader(name).read(new StringReader(text.toString())), Sha256.of(text.toString()));
    }

    /** SHA-256 of the lists: the same digest, the same exchanges. */
    public String digest() {
        return digest;
    }

    /** What stands at word {@code first}: all entries of the longest phrase that fits there. */
    List<Entry> longestAt(SwapTokens tokens, int first) {
        List<Entry> longest = new ArrayList<>();
        for (Entry entry : byFirstWord.getOrDefault(tokens.get(first).lower(), List.of())) {
            int more = longest.isEmpty()
                    ? 1
                    : entry.form.words.size() - longest.get(0).form.words.size();
            if (more >= 0 && entry.fits(tokens, first)) {
                if (more > 0) {
                    longest.clear();
                }
                longest.add(entry);
            }
        }
        return longest;
    }
}
