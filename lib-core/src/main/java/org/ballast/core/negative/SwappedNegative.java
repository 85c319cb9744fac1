package org.ballast.core.negative;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.ballast.core.data.ItemRandom;

/**
 * Negatives by exchange: a right response becomes a wrong one as a word of its content, or a few, gives way to one of the same kind that excludes
 * it (a red car, a blue car), by a lexicon and with the grammar kept. Hard, for hardly a word differs: so are the negatives of Winoground
 * (Thrush et al., 2022), ARO (Yuksekgonul et al., 2023) and the replaced attributes of SugarCrepe (Hsieh et al., 2023).
 *
 * <p>The lexicon knows no grammar beyond a word's neighbours; what may be a name (a capital within a sentence), part of a compound or part of a
 * larger number is left alone. No word comes in that the response has already, so that what is said of another thing cannot make it true.
 */
public final class SwappedNegative implements Serializable {
    private static final long serialVersionUID = 1;

    /**
     * One exchange; the correction of an article before it is none.
     *
     * @param from as in the response
     * @param offset of {@code from} in the response, in chars
     */
    public record Change(String from, String to, SwapCategory category, int offset) implements Serializable {}

    /** @param changes in the order of the response; at least one */
    public record Swap(String text, List<Change> changes) implements Serializable {
        public Swap {
            Objects.requireNonNull(text, "text");
            changes = List.copyOf(changes);
        }
    }

    /** Words {@code first} to {@code last} and what the lexicon has for them. */
    private record Match(int first, int last, List<SwapLexicon.Entry> entries) {}

    private record Option(Match match, SwapLexicon.Form form, SwapCategory category) {}

    private final SwapLexicon lexicon;
    private final EnumSet<SwapCategory> categories;
    private final int changes;

    /**
     * @param changes how many words to exchange; fewer where a response has not that many
     * @throws IllegalArgumentException if there is no category or less than one change
     */
    public SwappedNegative(SwapLexicon lexicon, Set<SwapCategory> categories, int changes) {
        this.lexicon = Objects.requireNonNull(lexicon, "lexicon");
        if (categories.isEmpty()) {
            throw new IllegalArgumentException("no category of words to exchange");
        }
        if (changes < 1) {
            throw new IllegalArgumentException("changes must be at least 1, not " + changes);
        }
        this.categories = EnumSet.copyOf(categories);
        this.changes = changes;
    }

    /**
     * The swap of that ordinal: a function of the arguments alone. Each ordinal from 0 gives a text that differs, as
     * {@link RetrievedNegative#normalised(String)} has it, from the response and from those of lower ordinals; the first ones at different
     * words, as far as there are. Empty once they are used up, for ordinal 0 if nothing can be swapped.
     *
     * @param id of the item, for its random order
     */
    public Optional<Swap> swap(String response, long seed, String id, int ordinal) {
        if (ordinal < 0) {
            throw new IllegalArgumentException("ordinal must be >= 0, not " + ordinal);
        }
        SwapTokens tokens = new SwapTokens(response);
        List<Option> options = options(tokens, ItemRandom.of(seed, "swap", id, 0));
        Set<String> texts = new HashSet<>();
        texts.add(RetrievedNegative.normalised(response));
        int left = ordinal;
        for (int start = 0; start < options.size(); start++) {
            Swap swap = apply(response, tokens, chosen(options, start));
            if (texts.add(RetrievedNegative.normalised(swap.text)) && left-- == 0) {
                return Optional.of(swap);
            }
        }
        return Optional.empty();
    }

    /** What can be put where: one for every word before a second for any. */
    private List<Option> options(SwapTokens tokens, RandomGenerator random) {
        List<List<Option>> byMatch = new ArrayList<>();
        for (Match match : matches(tokens)) {
            Map<String, Option> byText = new LinkedHashMap<>();
            for (SwapLexicon.Entry entry : match.entries) {
                List<List<SwapLexicon.Form>> sides = entry.group().sides();
                for (int i = 0; i < sides.size(); i++) {
                    List<SwapLexicon.Form> side = sides.get(i);
                    if (i != entry.side() && side.stream().noneMatch(form -> tokens.contains(form.words()))) {
                        SwapLexicon.Form form = side.get(random.nextInt(side.size()));
                        byText.putIfAbsent(
                                form.text(),
                                new Option(match, form, entry.group().category()));
                    }
                }
            }
            byMatch.add(shuffled(byText.values(), random));
        }
        List<List<Option>> order = shuffled(byMatch, random);
        int rounds = order.stream().mapToInt(List::size).max().orElse(0);
        List<Option> options = new ArrayList<>();
        for (int round = 0; round < rounds; round++) {
            for (List<Option> ofMatch : order) {
                if (round < ofMatch.size()) {
                    options.add(ofMatch.get(round));
                }
            }
        }
        return options;
    }

    private List<Match> matches(SwapTokens tokens) {
        List<Match> matches = new ArrayList<>();
        int first = 0;
        while (first < tokens.size()) {
            List<SwapLexicon.Entry> entries = lexicon.longestAt(tokens, first);
            if (entries.isEmpty()) {
                first++;
                continue;
            }
            int last = first + entries.get(0).form().words().size() - 1;
            boolean kept = entries.stream().anyMatch(entry -> entry.group() == null);
            if (!kept && mayBeSwapped(tokens, first, last)) {
                List<SwapLexicon.Entry> wanted = entries.stream()
                        .filter(entry -> categories.contains(entry.group().category()))
                        .toList();
                matches.add(new Match(first, last, wanted));
            }
            first = last + 1;
        }
        return matches;
    }

    private static boolean mayBeSwapped(SwapTokens tokens, int first, int last) {
        return tokens.standsFree(first, last) && !tokens.numbersPoint(first) && !mayBeName(tokens, first, last);
    }

    private static boolean mayBeName(SwapTokens tokens, int first, int last) {
        if (tokens.allCapitals()) {
            return false;
        }
        for (int i = first + 1; i <= last; i++) {
            if (tokens.hasCapital(i)) {
                return true;
            }
        }
        boolean capitalFollows = tokens.joined(last + 1) && tokens.capitalised(last + 1);
        return tokens.hasCapital(first) && (!tokens.startsSentence(first) || capitalFollows);
    }

    /** The option at {@code start} and, of those after it in the round, the first that get along with what is chosen. */
    private List<Option> chosen(List<Option> options, int start) {
        List<Option> chosen = new ArrayList<>();
        for (int i = 0; i < options.size() && chosen.size() < changes; i++) {
            Option option = options.get((start + i) % options.size());
            if (chosen.stream()
                    .noneMatch(other ->
                            other.match == option.match || other.form.words().equals(option.form.words()))) {
                chosen.add(option);
            }
        }
        chosen.sort(Comparator.comparingInt(option -> option.match.first));
        return chosen;
    }

    private static Swap apply(String response, SwapTokens tokens, List<Option> chosen) {
        StringBuilder text = new StringBuilder();
        List<Change> changes = new ArrayList<>();
        int done = 0;
        for (Option option : chosen) {
            int first = option.match.first;
            int start = tokens.get(first).start();
            int end = tokens.get(option.match.last).end();
            String from = response.substring(start, end);
            String to = inCase(option.form.text(), from, tokens.allCapitals());
            if (Article.standsBefore(tokens, first)) {
                SwapTokens.Token article = tokens.get(first - 1);
                text.append(response, done, article.start());
                text.append(Article.agreeing(
                        response.substring(article.start(), article.end()), from, to, tokens.allCapitals()));
                done = article.end();
            }
            text.append(response, done, start).append(to);
            done = end;
            changes.add(new Change(from, to, option.category, start));
        }
        return new Swap(text.append(response, done, response.length()).toString(), changes);
    }

    private static String inCase(String to, String from, boolean allCapitals) {
        boolean capitals = from.length() > 1
                && from.equals(from.toUpperCase(Locale.ROOT))
                && from.chars().anyMatch(Character::isUpperCase);
        if (allCapitals || capitals) {
            return to.toUpperCase(Locale.ROOT);
        }
        return Character.isUpperCase(from.codePointAt(0))
                ? to.substring(0, 1).toUpperCase(Locale.ROOT) + to.substring(1)
                : to;
    }

    private static <T> List<T> shuffled(Iterable<T> items, RandomGenerator random) {
        List<T> list = new ArrayList<>();
        items.forEach(list::add);
        for (int i = list.size() - 1; i > 0; i--) {
            list.set(i, list.set(random.nextInt(i + 1), list.get(i)));
        }
        return list;
    }
}
