package org.ballast.spark.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.ballast.core.data.CompletionType;
import org.ballast.core.data.PairRule;
import org.ballast.spark.evaluate.EvaluateOptions.Weakening;
import org.ballast.spark.evaluate.EvaluationPlan.PlannedRow;
import org.ballast.spark.evaluate.EvaluationPlan.Task;
import org.ballast.spark.evaluate.EvaluationPlan.Unit;
import org.junit.jupiter.api.Test;

class EvaluationPlannerTest {
    static EvaluateOptions options(long seed) {
        return new EvaluateOptions(
                List.of("test", "compositional"),
                "train",
                4,
                100,
                "pope-",
                Set.of(),
                PairRule.groundTruthAgainst(EnumSet.of(CompletionType.WEAKENED, CompletionType.RETRIEVED), 0),
                0.1,
                8,
                3,
                2,
                2,
                new Weakening("test", 3, List.of(0, 500, 900)),
                3,
                500,
                seed);
    }

    private static List<HeldOutRow> rows() {
        List<HeldOutRow> rows = new ArrayList<>();
        for (String split : options(1).splits()) {
            for (int index = 0; index < 9; index++) {
                String picture = "picture-" + split + "-" + index / 2; // two prompts share a picture
                rows.add(new HeldOutRow(split + "/" + index, picture, split, index == 0 ? null : "describe"));
                rows.add(new HeldOutRow("pope-random/" + split + index, picture, split, "pope-random"));
            }
        }
        rows.add(new HeldOutRow("train/0", "picture-train", "train", "describe"));
        return rows;
    }

    @Test
    void theOtherPictureIsNeverTheRowsOwn() {
        Set<String> others = new HashSet<>();
        for (long seed = 0; seed < 50; seed++) {
            for (Unit unit : EvaluationPlanner.plan(rows(), options(seed)).units()) {
                for (PlannedRow row : unit.rows()) {
                    if (unit.task() == Task.CAPTION) {
                        assertThat(row.otherImageId()).isNotNull().isNotEqualTo(row.imageId());
                        assertThat(row.otherImageId()).startsWith("picture-" + unit.split());
                        if (row.promptId().equals("test/4")) {
                            others.add(row.otherImageId());
                        }
                    } else {
                        assertThat(row.otherImageId()).isNull();
                    }
                }
            }
        }
        assertThat(others)
                .containsExactlyInAnyOrder("picture-test-0", "picture-test-1", "picture-test-3", "picture-test-4");
    }

    @Test
    void doesNotDependOnTheOrderOfTheRows() {
        List<HeldOutRow> shuffled = new ArrayList<>(rows());
        Collections.shuffle(shuffled, new Random(3));
        assertThat(EvaluationPlanner.plan(shuffled, options(1))).isEqualTo(EvaluationPlanner.plan(rows(), options(1)));
    }

    @Test
    void everyRowStandsOnceInItsTaskAndUnitsAreBounded() {
        EvaluationPlan plan = EvaluationPlanner.plan(rows(), options(1));
        assertThat(ids(plan, Task.CAPTION)).hasSize(18).doesNotHaveDuplicates();
        assertThat(ids(plan, Task.POPE)).hasSize(18).doesNotHaveDuplicates();
        assertThat(ids(plan, Task.TRAINING_PAIRS)).containsExactly("train/0");
        assertThat(ids(plan, Task.WEAKENING)).hasSize(3).allMatch(id -> id.startsWith("test/"));
        assertThat(plan.units()).allMatch(unit -> unit.rows().size() <= 2);
        assertThat(plan.rows()).isEqualTo(18 + 18 + 1 + 3);
        assertThat(plan.units().stream().flatMap(unit -> unit.rows().stream()).filter(PlannedRow::example))
                .hasSize(3);
    }

    private static List<String> ids(EvaluationPlan plan, Task task) {
        return plan.units().stream()
                .filter(unit -> unit.task() == task)
                .flatMap(unit -> unit.rows().stream())
                .map(PlannedRow::promptId)
                .toList();
    }

    @Test
    void refusesASplitWithoutRowsOrWithOnePicture() {
        List<HeldOutRow> test =
                rows().stream().filter(row -> row.split().equals("test")).toList();
        assertThatThrownBy(() -> EvaluationPlanner.plan(test, options(1)))
                .hasMessageContaining("no prompts to evaluate in split compositional");
        List<HeldOutRow> one = List.of(
                new HeldOutRow("a", "same", "test", null),
                new HeldOutRow("b", "same", "test", null),
                new HeldOutRow("c", "same", "compositional", null));
        assertThatThrownBy(() -> EvaluationPlanner.plan(one, options(1)))
                .hasMessageContaining("split test has one picture only");
        assertThatThrownBy(() -> EvaluationPlanner.plan(List.of(one.get(0), one.get(0)), options(1)))
                .hasMessageContaining("prompt a occurs twice");
    }

    @Test
    void optionsReportAllFaultsAtOnce() {
        assertThatThrownBy(() -> new EvaluateOptions(
                        List.of("test"),
                        "test",
                        -1,
                        1,
                        "pope-",
                        Set.of(),
                        options(1).pairs(),
                        0,
                        1,
                        1,
                        1,
                        1,
                        new Weakening("test", 1, List.of(5, 5)),
                        0,
                        1000,
                        1))
                .hasMessageContaining("training split test is among")
                .hasMessageContaining("trainPrompts must be at least 0, is -1")
                .hasMessageContaining("maxRowsPerSplit must be at least 2, is 1")
                .hasMessageContaining("beta must be positive, is 0.0")
                .hasMessageContaining("weakening.steps must rise")
                .hasMessageContaining("exampleStep must lie in 0..999, is 1000");
    }
}
