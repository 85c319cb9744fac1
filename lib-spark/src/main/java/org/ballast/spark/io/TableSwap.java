package org.ballast.spark.io;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;

/**
 * How a finished stage's tables change when an update is committed: files that were written under {@code _work} move into
 * their tables, files that they replace go. Paths are relative to the stage's folder.
 *
 * @param moves files to be moved, each seen under its new name whole or not at all
 * @param removes files that go
 */
public record TableSwap(List<Move> moves, List<String> removes) {
    /** A file's old and new place. */
    public record Move(String from, String to) {}

    public TableSwap {
        moves = List.copyOf(moves);
        removes = List.copyOf(removes);
    }

    /** Both, this one first. */
    TableSwap and(TableSwap other) {
        return new TableSwap(both(moves, other.moves), both(removes, other.removes));
    }

    private static <T> List<T> both(List<T> one, List<T> other) {
        return Stream.concat(one.stream(), other.stream()).toList();
    }

    /** Gathers a swap table by table. */
    public static final class Builder {
        private final StageFolder stage;
        private final List<Move> moves = new ArrayList<>();
        private final List<String> removes = new ArrayList<>();

        public Builder(StageFolder stage) {
            this.stage = stage;
        }

        /** The files of a folder under {@code _work} become files of the table, each in the split that it was written to. */
        public Builder add(Path staged, Table table) {
            for (String file : parquet(staged, "")) {
                moves.add(new Move(relative(new Path(staged, file)), table.name() + "/" + file));
            }
            return this;
        }

        /** A file under {@code _work} becomes that of this name, in place of what was there. */
        public Builder add(Path staged, String name) {
            moves.add(new Move(relative(staged), name));
            return this;
        }

        /** All files of the table go. */
        public Builder replace(Table table) {
            for (String file : parquet(stage.table(table.name()), "")) {
                removes.add(table.name() + "/" + file);
            }
            return this;
        }

        /** The files of some splits of the table go. */
        public Builder replace(Table table, Set<String> splits) {
            for (String split : splits) {
                String folder = Table.SPLIT + "=" + split;
                for (String file : parquet(new Path(stage.table(table.name()), folder), folder + "/")) {
                    removes.add(table.name() + "/" + file);
                }
            }
            return this;
        }

        public TableSwap build() {
            return new TableSwap(moves, removes);
        }

        private List<String> parquet(Path folder, String prefix) {
            List<String> files = new ArrayList<>();
            for (FileStatus status : stage.files().list(folder)) {
                String name = status.getPath().getName();
                if (status.isDirectory() && !name.startsWith("_")) {
                    files.addAll(parquet(status.getPath(), prefix + name + "/"));
                } else if (name.endsWith(".parquet")) {
                    files.add(prefix + name);
                }
            }
            return files;
        }

        private String relative(Path path) {
            return stage.home().toUri().relativize(path.toUri()).getPath();
        }
    }
}
