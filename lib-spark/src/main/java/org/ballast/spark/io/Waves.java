package org.ballast.spark.io;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.util.List;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * Work of a stage committed in waves under {@code _work/<table>/wave-NNNNN}: each is one Spark write and finished
 * exactly if it holds {@code _SUCCESS}. A killed run loses at most the wave it was at. What a wave holds must depend on
 * the plan and the wave's number only, so that a continued run fits to the finished ones.
 */
public final class Waves {
    private static final Pattern NAME = Pattern.compile("wave-(\\d{5,})");

    private final StageFolder stage;
    private final Table table;

    private Waves(StageFolder stage, Table table) {
        this.stage = stage;
        this.table = table;
    }

    /** The waves of one table of a stage that is open; those that were cut off are deleted. */
    public static Waves of(StageFolder stage, Table table) {
        Waves waves = new Waves(stage, table);
        waves.discardUnfinished();
        return waves;
    }

    /** Units {@code first .. end - 1} of the work. */
    public record Range(int first, int end) {}

    /**
     * What a wave holds: as an earlier run noted it, else as wanted, which is noted now. To be asked for in the order of the waves.
     *
     * @throws StageConflictException when the note cannot be read
     */
    public Range range(int wave, Range wanted) {
        Path note = stage.work("%s-range-%05d.json".formatted(table.name(), wave));
        if (!files().exists(note)) {
            stage.write(note, Json.write(wanted));
            return wanted;
        }
        try {
            return Json.read(files().text(note), Range.class);
        } catch (JsonProcessingException e) {
            throw new StageConflictException("%s is no note of ours (%s): discard the stage with --force."
                    .formatted(note, e.getOriginalMessage()));
        }
    }

    /** Numbers of the finished waves, ascending. */
    public List<Integer> finished() {
        TreeSet<Integer> numbers = new TreeSet<>();
        for (FileStatus status : files().list(folder())) {
            Matcher name = NAME.matcher(status.getPath().getName());
            if (name.matches() && succeeded(status.getPath())) {
                numbers.add(Integer.valueOf(name.group(1)));
            }
        }
        return List.copyOf(numbers);
    }

    /** True when this wave needs no work any more. */
    public boolean isFinished(int wave) {
        return succeeded(path(wave));
    }

    /**
     * Writes a wave unless it is finished.
     *
     * @param rows with the columns of the table; asked for only when there is work to do, computed once
     * @return true when it was written now
     */
    public boolean write(int wave, Supplier<Dataset<Row>> rows) {
        if (isFinished(wave)) {
            return false;
        }
        stage.requireMine();
        Tables.writer(rows.get(), table).save(path(wave).toString());
        if (!isFinished(wave)) {
            throw new IllegalStateException("wave %s was written without a _SUCCESS file".formatted(path(wave)));
        }
        return true;
    }

    /** Deletes a wave, so that it is written again. */
    public void discard(int wave) {
        stage.requireMine();
        files().delete(path(wave));
    }

    /** The rows of one finished wave. */
    public Dataset<Row> read(SparkSession spark, int wave) {
        return spark.read().schema(table.schema()).parquet(path(wave).toString());
    }

    /** The rows of all finished waves; the empty table when there is none. */
    public Dataset<Row> read(SparkSession spark) {
        String[] paths = finished().stream().map(wave -> path(wave).toString()).toArray(String[]::new);
        return paths.length == 0
                ? spark.createDataFrame(List.of(), table.schema())
                : spark.read().schema(table.schema()).parquet(paths);
    }

    /**
     * Writes the rows of all finished waves as the table of the stage, see {@link Tables}.
     *
     * @return rows written
     */
    public long consolidate(SparkSession spark, long targetFileBytes) {
        return Tables.write(read(spark), stage, table, targetFileBytes);
    }

    private void discardUnfinished() {
        stage.requireMine();
        for (FileStatus status : files().list(folder())) {
            if (!succeeded(status.getPath())) {
                files().delete(status.getPath());
            }
        }
    }

    private boolean succeeded(Path wave) {
        return files().exists(new Path(wave, "_SUCCESS"));
    }

    private Path folder() {
        return stage.work(table.name());
    }

    private Path path(int wave) {
        if (wave < 0) {
            throw new IllegalArgumentException("wave must be >= 0, was " + wave);
        }
        return new Path(folder(), "wave-%05d".formatted(wave));
    }

    private StageFiles files() {
        return stage.files();
    }
}
