package org.ballast.spark.session;

import static org.assertj.core.api.Assertions.assertThat;

import org.apache.spark.sql.SparkSession;
import org.ballast.spark.SparkExtension;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(SparkExtension.class)
class PhasesTest {
    private final SparkSession spark;

    PhasesTest(SparkSession spark) {
        this.spark = spark;
    }

    @AfterEach
    void clear() {
        spark.sparkContext().setJobDescription(null);
    }

    private String description() {
        return spark.sparkContext().getLocalProperty("spark.job.description");
    }

    @Test
    void nameTheJobsOfTheThread() {
        Phases phases = new Phases(spark, "answers");
        phases.begin("plan");
        assertThat(description()).isEqualTo("answers: plan");
        phases.begin("waves");
        assertThat(description()).isEqualTo("answers: waves");
        phases.end();
        assertThat(description()).isEqualTo("answers");
        phases.end();
        assertThat(phases.durationsMillis()).containsOnlyKeys("plan", "waves");
    }

    @Test
    void addUpWhatIsDoneInTurns() throws InterruptedException {
        Phases phases = new Phases(spark, "answers");
        phases.begin("waves");
        Thread.sleep(40);
        phases.begin("store");
        phases.begin("waves");
        Thread.sleep(40);
        phases.end();

        assertThat(phases.durationsMillis()).containsOnlyKeys("waves", "store");
        assertThat(phases.durationsMillis().get("waves")).isGreaterThanOrEqualTo(80);
    }
}
