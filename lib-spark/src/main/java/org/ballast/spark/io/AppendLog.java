package org.ballast.spark.io;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;

/**
 * Which files of a table are whole, for a table that is only ever added to, wave by wave, straight into its folder by the file
 * system's own committer. A wave's files count once its marker {@code _work/TABLE-wave-NNNNN.json} names them, and for good
 * once {@code TABLE.files.json} does; any other file in the folder was left by a killed wave.
 */
public final class AppendLog {
    private static final String SEALED = ".files.json";

    private final StageFolder stage;
    private final String table;

    private AppendLog(StageFolder stage, String table) {
        this.stage = stage;
        this.table = table;
    }

    /** The log of a table of a stage. */
    public static AppendLog of(StageFolder stage, Table table) {
        return of(stage, table.name());
    }

    static AppendLog of(StageFolder stage, String table) {
        return new AppendLog(stage, table);
    }

    /** Files of the table. */
    private record Files(List<String> files) {}

    /** True when this wave's files are whole. */
    public boolean isFinished(int wave) {
        return stage.files().exists(marker(wave));
    }

    /** Marks all files that are there and that nothing names as those of this wave. */
    public void finish(int wave) {
        Set<String> known = known();
        List<String> fresh =
                list().stream().filter(name -> !known.contains(name)).toList();
        stage.write(marker(wave), Json.write(new Files(fresh)));
    }

    /** Deletes what killed waves left. */
    public void discardUnknown() {
        if (stage.parent().isPresent() && !stage.has(table + SEALED)) {
            throw new StageConflictException(
                    "%s has no %s, so nobody knows which of its pictures are whole: discard it with --force."
                            .formatted(stage, table + SEALED));
        }
        discardBut(known());
    }

    /** Deletes the files of waves that were not sealed; a table without a sealed list keeps all of its files. */
    void discardUnsealed() {
        if (stage.has(table + SEALED)) {
            discardBut(new TreeSet<>(sealed()));
        }
    }

    /** Makes the files of all finished waves last. */
    void seal() {
        seal(known());
    }

    void seal(Collection<String> whole) {
        if (!whole.isEmpty()) {
            stage.write(table + SEALED, Json.write(new Files(List.copyOf(whole))));
        }
    }

    private void discardBut(Set<String> known) {
        stage.requireMine();
        for (FileStatus status : stage.files().list(stage.table(table))) {
            if (!known.contains(status.getPath().getName())) {
                stage.files().delete(status.getPath());
            }
        }
    }

    /** Names of all files that are whole. */
    Set<String> known() {
        Set<String> known = new TreeSet<>(sealed());
        String prefix = table + "-wave-";
        for (FileStatus status : stage.files().list(stage.work())) {
            String name = status.getPath().getName();
            if (name.startsWith(prefix) && name.endsWith(".json")) {
                known.addAll(read(status.getPath()));
            }
        }
        return known;
    }

    private List<String> sealed() {
        return stage.has(table + SEALED) ? read(stage.file(table + SEALED)) : List.of();
    }

    private List<String> read(Path file) {
        try {
            return Json.read(stage.files().text(file), Files.class).files();
        } catch (JsonProcessingException e) {
            throw new StageConflictException("%s is no list of files of ours (%s): discard the stage with --force."
                    .formatted(file, e.getOriginalMessage()));
        }
    }

    private List<String> list() {
        List<String> names = new ArrayList<>();
        for (FileStatus status : stage.files().list(stage.table(table))) {
            String name = status.getPath().getName();
            if (status.isFile() && !name.startsWith("_") && !name.startsWith(".")) {
                names.add(name);
            }
        }
        return names;
    }

    private Path marker(int wave) {
        return stage.work("%s-wave-%05d.json".formatted(table, wave));
    }
}
