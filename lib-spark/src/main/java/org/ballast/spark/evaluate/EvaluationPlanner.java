package org.ballast.spark.evaluate;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.ballast.core.data.ItemRandom;
import org.ballast.spark.evaluate.EvaluateOptions.Weakening;
import org.ballast.spark.evaluate.EvaluationPlan.PlannedRow;
import org.ballast.spark.evaluate.EvaluationPlan.Task;
import org.ballast.spark.evaluate.EvaluationPlan.Unit;

/** Draws other pictures and examples, and cuts the rows into units; the same for the same rows in any order. */
final class EvaluationPlanner {
    private static final String SAMPLE = "sample";
    private static final String OTHER = "other-picture";
    private static final String EXAMPLE = "example";

    private final EvaluateOptions options;
    private final List<Unit> units = new ArrayList<>();

    private EvaluationPlanner(EvaluateOptions options) {
        this.options = options;
    }

    /**
     * Plans held-out prompts and training prompts that have pairs.
     *
     * @param rows already cut to the configured numbers, each id once
     * @throws IllegalArgumentException naming a split that has no rows, or too few pictures to draw another from
     */
    static EvaluationPlan plan(List<HeldOutRow> rows, EvaluateOptions options) {
        return new EvaluationPlanner(options).plan(rows);
    }

    private EvaluationPlan plan(List<HeldOutRow> rows) {
        requireDistinct(rows);
        Map<String, List<HeldOutRow>> captions = new HashMap<>();
        for (String split : options.splits()) {
            List<HeldOutRow> all = rows.stream()
                    .filter(row -> row.split().equals(split) && isCaption(row))
                    .toList();
            if (all.isEmpty()) {
                throw new IllegalArgumentException("no prompts to evaluate in split " + split);
            }
            captions.put(split, sorted(all));
        }
        Set<String> examples = examples(captions);
        for (String split : options.splits()) {
            add(Task.CAPTION, split, withOther(split, captions.get(split), examples));
            addQuestions(split, rows);
        }
        List<HeldOutRow> train = rows.stream()
                .filter(row -> row.split().equals(options.trainSplit()))
                .toList();
        add(Task.TRAINING_PAIRS, options.trainSplit(), plain(sorted(train)));
        addWeakening(captions);
        return new EvaluationPlan(units);
    }

    private void addQuestions(String split, List<HeldOutRow> rows) {
        Set<String> kinds = new TreeSet<>();
        rows.stream().filter(this::isPope).forEach(row -> kinds.add(row.kind()));
        for (String kind : kinds) {
            List<HeldOutRow> questions = rows.stream()
                    .filter(row -> row.split().equals(split) && kind.equals(row.kind()))
                    .toList();
            add(Task.POPE, split, plain(sorted(questions)));
        }
    }

    private void addWeakening(Map<String, List<HeldOutRow>> captions) {
        Weakening weakening = options.weakening();
        if (weakening == null) {
            return;
        }
        List<HeldOutRow> rows = captions.get(weakening.split());
        if (rows == null) {
            throw new IllegalArgumentException("weakening curve on split " + weakening.split()
                    + ", which is none of the evaluated " + options.splits());
        }
        add(
                Task.WEAKENING,
                weakening.split(),
                plain(sorted(
                        byDraw(rows, SAMPLE).stream().limit(weakening.rows()).toList())));
    }

    private boolean isPope(HeldOutRow row) {
        return row.kind() != null && row.kind().startsWith(options.popePrefix());
    }

    private boolean isCaption(HeldOutRow row) {
        return options.captionKinds().isEmpty()
                ? !isPope(row)
                : options.captionKinds().contains(row.kind());
    }

    private static List<HeldOutRow> sorted(List<HeldOutRow> rows) {
        return rows.stream().sorted(Comparator.comparing(HeldOutRow::promptId)).toList();
    }

    private List<HeldOutRow> byDraw(List<HeldOutRow> rows, String stream) {
        Map<String, Long> draws = new HashMap<>();
        for (HeldOutRow row : rows) {
            draws.put(
                    row.promptId(),
                    ItemRandom.of(options.seed(), stream, row.promptId(), 0).nextLong());
        }
        return rows.stream()
                .sorted(Comparator.comparing((HeldOutRow row) -> draws.get(row.promptId()))
                        .thenComparing(HeldOutRow::promptId))
                .toList();
    }

    /** Examples by turns from every split. */
    private Set<String> examples(Map<String, List<HeldOutRow>> captions) {
        Set<String> ids = new HashSet<>();
        for (int turn = 0; ids.size() < options.examples(); turn++) {
            int before = ids.size();
            for (String split : options.splits()) {
                List<HeldOutRow> rows = byDraw(captions.get(split), EXAMPLE);
                if (turn < rows.size() && ids.size() < options.examples()) {
                    ids.add(rows.get(turn).promptId());
                }
            }
            if (ids.size() == before) {
                break;
            }
        }
        return ids;
    }

    private List<PlannedRow> withOther(String split, List<HeldOutRow> rows, Set<String> examples) {
        List<String> pictures =
                rows.stream().map(HeldOutRow::imageId).distinct().sorted().toList();
        if (pictures.size() < 2) {
            throw new IllegalArgumentException(
                    "split " + split + " has one picture only: none to compare it with, add rows");
        }
        List<PlannedRow> planned = new ArrayList<>();
        for (HeldOutRow row : rows) {
            int own = Collections.binarySearch(pictures, row.imageId());
            int draw = ItemRandom.of(options.seed(), OTHER, row.promptId(), 0).nextInt(pictures.size() - 1);
            String other = pictures.get(draw < own ? draw : draw + 1);
            planned.add(new PlannedRow(row.promptId(), row.imageId(), other, examples.contains(row.promptId())));
        }
        return planned;
    }

    private static List<PlannedRow> plain(List<HeldOutRow> rows) {
        return rows.stream()
                .map(row -> new PlannedRow(row.promptId(), row.imageId(), null, false))
                .toList();
    }

    private void add(Task task, String split, List<PlannedRow> rows) {
        for (int from = 0; from < rows.size(); from += options.unitRows()) {
            int to = Math.min(rows.size(), from + options.unitRows());
            units.add(new Unit(units.size(), task, split, rows.subList(from, to)));
        }
    }

    private static void requireDistinct(List<HeldOutRow> rows) {
        Set<String> ids = new HashSet<>();
        for (HeldOutRow row : rows) {
            if (!ids.add(row.promptId())) {
                throw new IllegalArgumentException("prompt " + row.promptId() + " occurs twice");
            }
        }
    }
}
