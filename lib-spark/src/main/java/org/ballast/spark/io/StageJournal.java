package org.ballast.spark.io;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.TreeSet;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Commits an update of a finished stage. First {@code _work/commit.json} says all that is to be done; once it is there the
 * commit happens, if need be by the next run that opens the folder. Every step may be done twice.
 */
final class StageJournal {
    /** Folder of the manifests of earlier runs. */
    static final String MANIFESTS = "manifests";

    private static final String COMMIT = "commit.json";

    private final StageFolder stage;

    StageJournal(StageFolder stage) {
        this.stage = stage;
    }

    /** What is to be done. */
    private record Commit(Manifest manifest, TableSwap swap, List<String> pictures) {}

    void commit(Manifest manifest, TableSwap swap) {
        List<String> pictures = List.copyOf(AppendLog.of(stage, Table.IMAGES).known());
        stage.write(stage.work(COMMIT), Json.write(new Commit(manifest, swap, pictures)));
        recover();
    }

    /** True when a commit was cut off. */
    boolean isPending() {
        return stage.files().exists(stage.work(COMMIT));
    }

    /** Finishes a commit that was cut off; true when there was one. */
    boolean recover() {
        if (!isPending()) {
            return false;
        }
        Path journal = stage.work(COMMIT);
        try {
            Commit commit = Json.read(stage.files().text(journal), Commit.class);
            apply(commit.manifest(), commit.swap(), commit.pictures());
        } catch (JsonProcessingException e) {
            throw new StageConflictException("%s is not a journal of ours (%s): discard the stage with --force."
                    .formatted(journal, e.getOriginalMessage()));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot commit the update of " + stage, e);
        }
        return true;
    }

    private void apply(Manifest manifest, TableSwap swap, List<String> pictures) throws IOException {
        stage.requireMine();
        FileSystem files = stage.fileSystem();
        Path old = new Path(stage.file(MANIFESTS), manifest.parent().runId() + ".json");
        if (!files.exists(old)) {
            files.mkdirs(old.getParent());
            stage.write(old, stage.files().text(stage.file(StageFolder.MANIFEST)));
        }
        if (!swap.moves().isEmpty() || !swap.removes().isEmpty()) {
            // what reads the tables now must not take them for those of a finished run
            files.delete(stage.file(StageFolder.MANIFEST), false);
            move(files, swap);
        }
        AppendLog.of(stage, Table.IMAGES).seal(pictures);
        stage.finish(manifest);
    }

    private void move(FileSystem files, TableSwap swap) throws IOException {
        for (TableSwap.Move move : swap.moves()) {
            Path from = new Path(stage.home(), move.from());
            Path to = new Path(stage.home(), move.to());
            if (files.exists(from)) {
                files.mkdirs(to.getParent());
                files.delete(to, false);
                if (!files.rename(from, to)) {
                    throw new IOException("rename of " + from + " to " + to + " failed");
                }
            } else if (!files.exists(to)) {
                throw new StageConflictException(
                        "%s is neither there nor at %s, where a commit that was cut off put it: discard the stage with --force."
                                .formatted(to, from));
            }
        }
        TreeSet<Path> emptied = new TreeSet<>();
        for (String name : swap.removes()) {
            Path path = new Path(stage.home(), name);
            files.delete(path, false);
            emptied.add(path.getParent());
        }
        for (Path folder : emptied) {
            if (folder.getName().startsWith(Table.SPLIT + "=")
                    && files.exists(folder)
                    && files.listStatus(folder).length == 0) {
                files.delete(folder, false);
            }
        }
    }
}
