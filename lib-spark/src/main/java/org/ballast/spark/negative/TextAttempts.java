package org.ballast.spark.negative;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Row;
import org.ballast.core.data.Reason;
import org.ballast.core.negative.SwappedNegative;

/** Negatives that need no model: retrieved responses and exchanged words. */
final class TextAttempts {
    private TextAttempts() {}

    /** Right responses about other pictures, the most similar first, as {@link Neighbours} found them. */
    static Attempts retrieve(NegativeOptions.Retrieve retrieve) {
        return (open, attempt) -> {
            List<Attempts.Tried> tried = new ArrayList<>();
            for (Attempts.Open one : open) {
                List<Row> matches = matches(one.row());
                int place = attempt * retrieve.share().samples() + one.sample();
                tried.add(
                        place < matches.size()
                                ? Attempts.Tried.text(matches.get(place).getAs("response"), "retrieved")
                                : Attempts.Tried.none(
                                        Reason.NO_CANDIDATE,
                                        "no other picture has another response to this kind of prompt",
                                        true));
            }
            return tried;
        };
    }

    private static List<Row> matches(Row row) {
        int column = row.fieldIndex(Neighbours.RETRIEVED);
        return row.isNullAt(column) ? List.of() : row.getList(column);
    }

    /** Words exchanged by lexicon. */
    static Attempts swap(NegativeOptions.Swap swap, long seed) {
        SwappedNegative swapped = new SwappedNegative(swap.lexicon(), swap.categories(), swap.changes());
        return (open, attempt) -> {
            List<Attempts.Tried> tried = new ArrayList<>();
            for (Attempts.Open one : open) {
                int ordinal = attempt * swap.share().samples() + one.sample();
                tried.add(swapped.swap(one.positive(), seed, one.promptId(), ordinal)
                        .map(made -> Attempts.Tried.text(made.text(), "swapped"))
                        .orElseGet(() -> Attempts.Tried.none(
                                Reason.NO_CANDIDATE, "the response has no word that the lexicon exchanges", true)));
            }
            return tried;
        };
    }
}
