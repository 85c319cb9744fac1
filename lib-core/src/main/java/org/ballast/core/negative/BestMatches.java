package org.ballast.core.negative;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The first few of the matches that were offered: of one text only the best; by falling similarity, then by id. What is
 * left does not hang on the order of the offers, so those of parts of the candidates may be offered again to one for all.
 */
public final class BestMatches<T> {
    private final int count;
    private final List<Entry<T>> best = new ArrayList<>();

    private record Entry<T>(String id, String text, float similarity, T value) {}

    private static final Comparator<Entry<?>> ORDER =
            Comparator.<Entry<?>>comparingDouble(Entry::similarity).reversed().thenComparing(Entry::id);

    /** @param count matches at most, at least 1 */
    public BestMatches(int count) {
        if (count < 1) {
            throw new IllegalArgumentException("at least 1 match must be asked for, not " + count);
        }
        this.count = count;
    }

    /** False for a similarity that is too low whatever its id and text are; cheap. */
    boolean mayTake(float similarity) {
        return best.size() < count || similarity >= best.get(count - 1).similarity;
    }

    /**
     * Offers a match.
     *
     * @param text normalised: two with the same one count as one
     * @param similarity no NaN
     */
    public void offer(String id, String text, float similarity, T value) {
        Entry<T> offered = new Entry<>(id, text, similarity, value);
        if (best.size() == count && ORDER.compare(offered, best.get(count - 1)) >= 0) {
            return;
        }
        for (int i = 0; i < best.size(); i++) {
            if (best.get(i).text.equals(text)) {
                if (ORDER.compare(offered, best.get(i)) >= 0) {
                    return;
                }
                best.remove(i);
                break;
            }
        }
        if (best.size() == count) {
            best.remove(count - 1);
        }
        int at = 0;
        while (at < best.size() && ORDER.compare(best.get(at), offered) < 0) {
            at++;
        }
        best.add(at, offered);
    }

    /** What is left, the best first. */
    public List<T> values() {
        return best.stream().map(Entry::value).toList();
    }
}
