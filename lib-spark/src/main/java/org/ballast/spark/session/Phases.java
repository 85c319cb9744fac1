package org.ballast.spark.session;

import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.spark.sql.SparkSession;

/**
 * What a stage is about, one phase after another: how long each took, and what Spark's UI and event log call the jobs that this thread starts, {@code <stage>: <phase>}.
 */
public final class Phases {
    private final SparkSession spark;
    private final String stage;
    private final Map<String, Long> millis = new LinkedHashMap<>();
    private String phase;
    private long since;

    public Phases(SparkSession spark, String stage) {
        this.spark = spark;
        this.stage = stage;
    }

    /** From here on it is this phase, again perhaps. */
    public void begin(String next) {
        end();
        phase = next;
        since = System.nanoTime();
        spark.sparkContext().setJobDescription(stage + ": " + next);
    }

    /** Ends the last phase. */
    public void end() {
        if (phase != null) {
            millis.merge(phase, (System.nanoTime() - since) / 1_000_000, Long::sum);
            phase = null;
            spark.sparkContext().setJobDescription(stage);
        }
    }

    /** Wall-clock time of the phases that ended. */
    public Map<String, Long> durationsMillis() {
        return Map.copyOf(millis);
    }
}
