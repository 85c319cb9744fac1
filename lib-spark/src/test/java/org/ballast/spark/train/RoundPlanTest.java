package org.ballast.spark.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RoundPlanTest {
    private static List<Long> seen(RoundPlan plan) {
        List<Long> seen = new ArrayList<>();
        for (Round round : plan.rounds()) {
            List<WorkerPlan> workers = plan.assign(round);
            for (int step = 0; step < round.steps(); step++) {
                for (WorkerPlan worker : workers) {
                    if (step < worker.batches().size()) {
                        for (long index : worker.batches().get(step)) {
                            seen.add(index);
                        }
                    }
                }
            }
        }
        return seen;
    }

    @Test
    void everyEpochSeesEachExampleOnceInAnotherOrder() {
        List<Long> seen = seen(RoundPlan.ofEpochs(9, 23, 3, 2, AveragingSchedule.every(2), 2));
        assertThat(seen).hasSize(46);
        List<Long> first = seen.subList(0, 23);
        List<Long> second = seen.subList(23, 46);
        assertThat(first).doesNotHaveDuplicates();
        assertThat(second).doesNotHaveDuplicates().isNotEqualTo(first);
        assertThat(first).isNotEqualTo(first.stream().sorted().toList());
    }

    @Test
    void sameSeedSameOrderWhateverTheWorkersAndRounds() {
        List<Long> one = seen(RoundPlan.ofSteps(4, 17, 1, 6, AveragingSchedule.every(1), 5));
        assertThat(seen(RoundPlan.ofSteps(4, 17, 3, 2, AveragingSchedule.every(4), 5)))
                .isEqualTo(one);
        assertThat(seen(RoundPlan.ofSteps(5, 17, 1, 6, AveragingSchedule.every(1), 5)))
                .isNotEqualTo(one);
    }

    @Test
    void roundsFollowThePostLocalSchedule() {
        var plan = RoundPlan.ofSteps(1, 100, 2, 4, new AveragingSchedule(5, 2, 10), 28);
        assertThat(plan.rounds())
                .containsExactly(
                        new Round(0, 0, 2),
                        new Round(1, 2, 2),
                        new Round(2, 4, 1),
                        new Round(3, 5, 10),
                        new Round(4, 15, 10),
                        new Round(5, 25, 3));
    }

    @Test
    void onlyTheLastStepIsShort() {
        var plan = RoundPlan.ofEpochs(1, 21, 2, 4, AveragingSchedule.every(10), 1);
        assertThat(plan.totalSteps()).isEqualTo(3);
        List<WorkerPlan> workers = plan.assign(plan.rounds().get(0));
        assertThat(workers.get(0).batches()).extracting(batch -> batch.length).containsExactly(4, 4, 4);
        assertThat(workers.get(1).batches()).extracting(batch -> batch.length).containsExactly(4, 4, 1);
        var shorter = RoundPlan.ofEpochs(1, 3, 2, 4, AveragingSchedule.every(10), 1);
        assertThat(shorter.assign(shorter.rounds().get(0)).get(1).batches()).isEmpty();
    }

    @Test
    void refusesEmptyPlans() {
        assertThatThrownBy(() -> RoundPlan.ofEpochs(1, 0, 1, 1, AveragingSchedule.every(1), 1))
                .hasMessageContaining("got 0");
        assertThatThrownBy(() -> RoundPlan.ofSteps(1, 5, 0, 1, AveragingSchedule.every(1), 1))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> AveragingSchedule.every(0)).hasMessageContaining("0");
    }
}
