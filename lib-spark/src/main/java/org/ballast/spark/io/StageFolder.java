package org.ballast.spark.io;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.ChecksumFileSystem;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The output folder of one stage, on any Hadoop file system:
 *
 * <pre>
 * root/stage/lease.json      while a run writes, see {@link StageLease}
 * root/stage/run.json        written first
 * root/stage/_work/          waves of an unfinished run
 * root/stage/TABLE/          Parquet
 * root/stage/README.md       data card
 * root/stage/manifests/      manifests of the runs that an update went on from
 * root/stage/manifest.json   written last: without it the stage is not finished
 * </pre>
 *
 * An {@link #ofTable output folder} that others read as one table holds that table's files itself, and all else under
 * {@value #HIDDEN}, a name that Spark, pyarrow and Hugging Face {@code datasets} pass over.
 *
 * For the driver only; one run at a time may write to a folder, the one that holds its {@link StageLease}.
 */
public final class StageFolder {
    /** What is to be done in a folder. */
    public enum State {
        /** Finished with the same digest: nothing to do. */
        UP_TO_DATE,
        /** An unfinished run of the same digest: go on behind its finished waves. */
        CONTINUE,
        /** Finished with the same settings and other inputs: its tables are brought up to date, or were about to be. */
        UPDATE,
        /** Empty now, with a new run.json. */
        START
    }

    private static final Logger LOG = LoggerFactory.getLogger(StageFolder.class);
    private static final String RUN = "run.json";
    static final String MANIFEST = "manifest.json";
    private static final String CARD = "README.md";
    private static final String WORK = "_work";
    /** Header of the update that {@code _work} belongs to. */
    private static final String UPDATE = "update.json";
    /** Tables of which a stage needs one to be updated: which rows it has. */
    private static final List<String> INDEXES = List.of("index", Table.ATTEMPTS);
    /** Stands while an old run is being deleted: what it finds beside it is of no use to anyone. */
    private static final String CLEARING = "_clearing";

    /** What an output folder of one table holds besides the table. */
    private static final String HIDDEN = "__ballast";
    /** What Spark writes of a table. */
    private static final Pattern MAIN_TABLE = Pattern.compile("\\.?part-.*|\\.?_SUCCESS(\\.crc)?|_temporary");

    private final Path folder;
    private final String stage;
    private final StageFiles files;
    private final String mainTable;
    private RunHeader header;
    private Manifest.Parent parent;
    private TableSwap swap = new TableSwap(List.of(), List.of());
    private StageLease lease;

    private StageFolder(FileSystem files, Path folder, String stage, String mainTable) {
        this.files = new StageFiles(files);
        this.folder = folder;
        this.stage = stage;
        this.mainTable = mainTable;
    }

    /**
     * The folder {@code root/stage}; nothing is touched yet.
     *
     * @param root path or URI of any Hadoop file system
     * @throws IllegalArgumentException when {@code stage} is no plain name
     */
    public static StageFolder of(Configuration hadoop, String root, String stage) {
        if (stage == null || !stage.matches("[A-Za-z0-9][A-Za-z0-9._-]*")) {
            throw new IllegalArgumentException(
                    "stage name must be letters, digits, '.', '_' and '-', was '" + stage + "'");
        }
        return of(hadoop, new Path(root, stage), stage, null);
    }

    /**
     * A folder that the user named for one table: its files lie in the folder itself, so that any reader of Parquet opens it.
     * Nothing is touched yet.
     *
     * @param table name of that table
     */
    public static StageFolder ofTable(Configuration hadoop, String folder, String stage, String table) {
        return of(hadoop, new Path(folder), stage, table);
    }

    private static StageFolder of(Configuration hadoop, Path folder, String stage, String mainTable) {
        try {
            FileSystem files = folder.getFileSystem(hadoop);
            if (files instanceof ChecksumFileSystem summed) {
                // a checksum file beside each local file doubles the files and the time, and Parquet has sums of its
                // own
                summed.setWriteChecksum(false);
            }
            return new StageFolder(files, files.makeQualified(folder), stage, mainTable);
        } catch (IOException e) {
            throw new UncheckedIOException("no file system for " + folder, e);
        }
    }

    /** {@link #open(RunHeader, boolean, boolean)} of a run that replaces what is out of date. */
    public State open(RunHeader wanted, boolean force) {
        return open(wanted, force, false);
    }

    /**
     * Decides what a run with this header has to do, and prepares the folder for it.
     *
     * @param force run again, whatever of ours is there
     * @param updates true for a run that can bring a finished stage of the same settings up to date with other inputs
     * @throws StageConflictException for a folder that holds something else, and without {@code force} for another
     *     digest's unfinished run and, in a folder that the user named, for another digest's finished one
     */
    public State open(RunHeader wanted, boolean force, boolean updates) {
        if (!stage.equals(wanted.stage())) {
            throw new IllegalArgumentException(
                    "header of stage '%s' for the folder of '%s'".formatted(wanted.stage(), stage));
        }
        List<String> names = names(home());
        List<String> others = mainTable == null ? List.of() : names(folder);
        if (names.isEmpty() && others.isEmpty()) {
            return start(wanted);
        }
        if (names.contains(CLEARING)) {
            return start(wanted);
        }
        requireOurs();
        if (new StageJournal(this).recover()) {
            names = names(home());
        }
        if (force) {
            read(file(RUN), RunHeader.class);
            LOG.info("{}: runs again, as forced", folder);
            return start(wanted);
        }
        RunHeader found = read(file(RUN), RunHeader.class);
        boolean same = found.digest().equals(wanted.digest());
        boolean finished = names.contains(MANIFEST);
        if (finished && same) {
            discardWork();
            header = found;
            return State.UP_TO_DATE;
        }
        if (finished && updates && INDEXES.stream().anyMatch(names::contains) && found.hasSettingsOf(wanted)) {
            return update(found, wanted);
        }
        if (finished && mainTable != null) {
            throw new StageConflictException(
                    "%s holds the finished output of another configuration or input (digest %s, wanted %s): name another folder, or replace it with --force."
                            .formatted(folder, found.digest(), wanted.digest()));
        }
        if (finished) {
            LOG.info("{}: out of date (digest {}, now {}), is replaced", folder, found.digest(), wanted.digest());
            return start(wanted);
        }
        if (!same) {
            throw new StageConflictException(
                    "%s holds an unfinished run of another configuration (digest %s, wanted %s): finish that one with its own configuration, name another stage, or discard it with --force."
                            .formatted(folder, found.digest(), wanted.digest()));
        }
        header = found;
        return State.CONTINUE;
    }

    /**
     * Whether the stage is finished with this digest and nothing is left to tidy up; touches nothing.
     *
     * @throws StageConflictException for a folder that holds something else
     */
    public boolean isUpToDate(RunHeader wanted) {
        requireOurs();
        List<String> names = names(home());
        return names.contains(MANIFEST)
                && !names.contains(CLEARING)
                && !names.contains(WORK)
                && read(file(RUN), RunHeader.class).digest().equals(wanted.digest());
    }

    /** @throws StageConflictException for a folder that holds something else */
    void requireOurs() {
        List<String> names = names(home());
        List<String> others = mainTable == null ? List.of() : names(folder);
        boolean empty = names.isEmpty() && others.isEmpty();
        boolean ours = names.contains(RUN) || names.contains(CLEARING) || new StageJournal(this).isPending();
        if (!empty && !ours) {
            throw new StageConflictException(
                    "%s is not empty and holds no %s (found %s): it is not the output of a stage. Name another root or stage, or empty it."
                            .formatted(folder, RUN, first(names.isEmpty() ? others : names)));
        }
    }

    /** From now on nothing is written or deleted without this lease. */
    void holdBy(StageLease taken) {
        lease = taken;
    }

    /**
     * To be called before anything in the folder is written or deleted by other means than this class.
     *
     * @throws StageConflictException when another run has taken over the lease under which this one writes
     */
    public void requireMine() {
        if (lease != null) {
            lease.requireCurrent();
        }
    }

    /** The lease files of this folder, for a run. */
    LeaseFiles leaseFiles(String runId) {
        return new LeaseFiles(fileSystem(), home(), runId);
    }

    /** Goes on with the update that was begun for the same inputs, or begins one. */
    private State update(RunHeader found, RunHeader wanted) {
        parent = new Manifest.Parent(found.runId(), found.digest());
        Path begun = work(UPDATE);
        if (files.exists(begun)) {
            header = read(begun, RunHeader.class);
            if (header.digest().equals(wanted.digest())) {
                return State.UPDATE;
            }
        }
        discardWork();
        write(begun, Json.write(wanted));
        header = wanted;
        return State.UPDATE;
    }

    /** Work of an update that nobody goes on with, and what it added to tables that are only ever added to. */
    private void discardWork() {
        // first, for what follows would be missed by a run that went on with it
        delete(work(UPDATE));
        AppendLog.of(this, Table.IMAGES).discardUnsealed();
        delete(work());
    }

    /** The run whose output is being updated; empty for a run that began anew. */
    public Optional<Manifest.Parent> parent() {
        return Optional.ofNullable(parent);
    }

    /** What the commit of an update does to the tables, besides what was said before. */
    public void swapAtCommit(TableSwap tables) {
        if (parent == null) {
            throw new IllegalStateException(folder + " is not being updated");
        }
        swap = swap.and(tables);
    }

    /** Writes a file that says what the tables hold: in an update it takes the place of the old one with the commit. */
    public void writeBeside(String name, String text) {
        if (parent == null) {
            write(name, text);
        } else {
            write(work(name), text);
            swapAtCommit(new TableSwap.Builder(this).add(work(name), name).build());
        }
    }

    /** The header in force after {@link #open}: that of the first run when an unfinished one is continued. */
    public RunHeader header() {
        if (header == null) {
            throw new IllegalStateException(folder + " was not opened");
        }
        return header;
    }

    /** Name of the stage. */
    public String stage() {
        return stage;
    }

    /** The folder itself. */
    public Path path() {
        return folder;
    }

    /** Folder of a table. */
    public Path table(String name) {
        return name.equals(mainTable) ? folder : file(name);
    }

    /** Deletes what an earlier or killed run wrote of a table. */
    void clear(String table) {
        if (!table.equals(mainTable)) {
            delete(table(table));
            return;
        }
        for (FileStatus status : files.list(folder)) {
            if (MAIN_TABLE.matcher(status.getPath().getName()).matches()) {
                delete(status.getPath());
            }
        }
    }

    /** Where run.json and all that is no main table lies. */
    Path home() {
        return mainTable == null ? folder : new Path(folder, HIDDEN);
    }

    /** Folder for what a continued run needs, gone when the stage is finished. */
    public Path work(String name) {
        return new Path(work(), plain(name));
    }

    Path work() {
        return new Path(home(), WORK);
    }

    /** A file of the stage that is no table. */
    public Path file(String name) {
        return new Path(home(), plain(name));
    }

    /** The file system that the folder is on. */
    public FileSystem fileSystem() {
        return files.fileSystem();
    }

    /** Files and folders of the stage, without the checked faults. Who writes or deletes asks {@link #requireMine} first. */
    public StageFiles files() {
        return files;
    }

    /** Writes a small text file so that it is seen whole or not at all. */
    public void write(String name, String text) {
        write(file(name), text);
    }

    /** {@link #write(String, String)} of a file anywhere below the folder. */
    void write(Path target, String text) {
        requireMine();
        files.write(target, text);
    }

    /** Whether the stage wrote such a file. */
    public boolean has(String name) {
        return files.exists(file(name));
    }

    /** Text of a file of the stage. */
    public String read(String name) {
        return files.text(file(name));
    }

    /**
     * Ends the stage: data card, then manifest.json, then {@code _work} goes. An update changes its tables first, and its
     * manifest names the run that it went on from.
     *
     * @throws IllegalArgumentException when the manifest is of another run
     */
    public void commit(Manifest manifest) {
        if (!manifest.run().equals(header())) {
            throw new IllegalArgumentException("manifest of run %s for run %s in %s"
                    .formatted(manifest.run().runId(), header.runId(), folder));
        }
        if (parent != null) {
            new StageJournal(this).commit(manifest.withParent(parent), swap);
            return;
        }
        AppendLog.of(this, Table.IMAGES).seal();
        finish(manifest);
    }

    void finish(Manifest manifest) {
        if (manifest.parent() != null) {
            write(RUN, Json.write(manifest.run()));
        }
        if (mainTable == null) {
            write(CARD, DataCard.of(manifest, this));
        }
        write(MANIFEST, Json.write(manifest));
        delete(work());
    }

    /** True when the stage is finished. */
    public boolean finished() {
        return names(home()).contains(MANIFEST);
    }

    /** @throws IllegalStateException naming stage and folder when the stage is not finished */
    public Manifest manifest() {
        if (!finished()) {
            throw new IllegalStateException(
                    "stage '%s' is not finished: %s has no %s. Run it first.".formatted(stage, folder, MANIFEST));
        }
        return read(file(MANIFEST), Manifest.class);
    }

    private State start(RunHeader wanted) {
        try {
            fileSystem().mkdirs(home());
            boolean empty = names(home()).isEmpty();
            if (!empty) {
                fileSystem().create(file(CLEARING), true).close();
                // first, so that a kill right here leaves no finished stage behind
                delete(file(MANIFEST));
                if (mainTable != null) {
                    clear(mainTable);
                }
                for (FileStatus status : files.list(home())) {
                    String name = status.getPath().getName();
                    if (!name.equals(CLEARING) && !LeaseFiles.isLease(name)) {
                        delete(status.getPath());
                    }
                }
            }
            write(RUN, Json.write(wanted));
            if (!empty) {
                delete(file(CLEARING));
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot prepare " + folder, e);
        }
        header = wanted;
        return State.START;
    }

    /** Names in a folder, leases and hidden files (checksums, temporary ones) left out; empty when there is no folder. */
    private List<String> names(Path of) {
        List<String> names = new ArrayList<>();
        for (FileStatus status : files.list(of)) {
            if (!status.isDirectory() && status.getPath().equals(of)) {
                throw new StageConflictException(of + " is a file, not the folder of a stage");
            }
            String name = status.getPath().getName();
            if (!name.startsWith(".") && !name.equals(HIDDEN) && !LeaseFiles.isLease(name)) {
                names.add(name);
            }
        }
        names.sort(null);
        return names;
    }

    private static List<String> first(List<String> names) {
        return names.subList(0, Math.min(3, names.size()));
    }

    private <T> T read(Path file, Class<T> type) {
        try {
            return Json.read(files.text(file), type);
        } catch (JsonProcessingException e) {
            throw new StageConflictException(
                    "%s is not a %s of ours (%s): name another root or stage, or empty the folder."
                            .formatted(file, file.getName(), e.getOriginalMessage()));
        }
    }

    private void delete(Path path) {
        requireMine();
        files.delete(path);
    }

    private static String plain(String name) {
        if (!name.matches("[A-Za-z0-9_][A-Za-z0-9._-]*")) {
            throw new IllegalArgumentException("not a plain name: '" + name + "'");
        }
        return name;
    }

    @Override
    public String toString() {
        return folder.toString();
    }
}
