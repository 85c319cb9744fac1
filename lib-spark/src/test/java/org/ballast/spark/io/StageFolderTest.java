package org.ballast.spark.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.ballast.core.data.RowAccount;
import org.ballast.spark.io.StageFolder.State;
import org.ballast.spark.shard.StoppingFileSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StageFolderTest {
    @TempDir
    Path root;

    private StageFolder folder() {
        return StageFolder.of(new Configuration(), root.toString(), "neg");
    }

    private static RunHeader header(String configuration) {
        return RunHeader.now("neg", "negatives", configuration, Map.of("shard", "d1"));
    }

    private static Manifest manifest(RunHeader run) {
        return new Manifest(
                run,
                "{\"b\": 1, \"a\": {\"x\": null}}",
                "v1",
                Map.of("policy", "m"),
                Map.of("run", 7L),
                new RowAccount(3, 2, 1),
                Map.of("rate", 0.5),
                Map.of("write", 12L));
    }

    private void finish(String configuration) {
        StageFolder folder = folder();
        folder.open(header(configuration), false);
        folder.commit(manifest(folder.header()));
    }

    @Test
    void startsInANewFolderAndIsUpToDateOnceCommitted() {
        StageFolder folder = folder();
        assertThat(folder.finished()).isFalse();
        assertThat(folder.open(header("c1"), false)).isEqualTo(State.START);
        assertThatThrownBy(folder::manifest).hasMessageContaining("'neg' is not finished");
        folder.commit(manifest(folder.header()));
        assertThat(folder().open(header("c1"), false)).isEqualTo(State.UP_TO_DATE);
        assertThat(folder().manifest()).isEqualTo(manifest(folder.header()));
        assertThat(folder().manifest().digest()).isEqualTo(header("c1").digest());
    }

    @Test
    void continuesTheUnfinishedRunOfTheSameDigestUnderItsOwnRunId() throws IOException {
        StageFolder first = folder();
        first.open(header("c1"), false);
        Files.createDirectories(root.resolve("neg/_work/x"));
        StageFolder second = folder();
        assertThat(second.open(header("c1"), false)).isEqualTo(State.CONTINUE);
        assertThat(second.header()).isEqualTo(first.header());
        assertThat(root.resolve("neg/_work/x")).exists();
        second.commit(manifest(second.header()));
        assertThat(root.resolve("neg/_work")).doesNotExist();
    }

    @Test
    void refusesAnotherConfigurationsUnfinishedRunUnlessForced() throws IOException {
        folder().open(header("c1"), false);
        Files.createDirectories(root.resolve("neg/_work/x"));
        assertThatThrownBy(() -> folder().open(header("c2"), false))
                .isInstanceOf(StageConflictException.class)
                .hasMessageContaining(root.resolve("neg").toString())
                .hasMessageContaining(header("c1").digest())
                .hasMessageContaining(header("c2").digest())
                .hasMessageContaining("--force");
        assertThat(root.resolve("neg/_work/x")).exists();
        assertThat(folder().open(header("c2"), true)).isEqualTo(State.START);
        assertThat(root.resolve("neg/_work")).doesNotExist();
        assertThat(folder().open(header("c2"), false)).isEqualTo(State.CONTINUE);
    }

    @Test
    void replacesAFinishedStageThatIsOutOfDate() throws IOException {
        finish("c1");
        Files.createDirectories(root.resolve("neg/completions"));
        StageFolder folder = folder();
        assertThat(folder.open(header("c2"), false)).isEqualTo(State.START);
        assertThat(folder.finished()).isFalse();
        assertThat(root.resolve("neg/completions")).doesNotExist();
    }

    @Test
    void isOutOfDateWhenAnInputChanged() {
        finish("c1");
        RunHeader changed = RunHeader.now("neg", "negatives", "c1", Map.of("shard", "d2"));
        assertThat(folder().open(changed, false)).isEqualTo(State.START);
    }

    @Test
    void runsAgainWhenForced() {
        finish("c1");
        assertThat(folder().open(header("c1"), true)).isEqualTo(State.START);
    }

    @Test
    void neverTouchesAFolderThatHoldsSomethingElse() throws IOException {
        Files.createDirectories(root.resolve("neg"));
        Path precious = Files.writeString(root.resolve("neg/thesis.txt"), "words");
        for (boolean force : new boolean[] {false, true}) {
            assertThatThrownBy(() -> folder().open(header("c1"), force))
                    .isInstanceOf(StageConflictException.class)
                    .hasMessageContaining("thesis.txt")
                    .hasMessageContaining(root.resolve("neg").toString());
        }
        Files.writeString(root.resolve("neg/run.json"), "{\"scripts\": {}}");
        assertThatThrownBy(() -> folder().open(header("c1"), true))
                .isInstanceOf(StageConflictException.class)
                .hasMessageContaining("run.json");
        assertThat(precious).hasContent("words");
    }

    @Test
    void finishesADeletionThatWasCutOff() throws IOException {
        finish("c1");
        Files.createFile(root.resolve("neg/_clearing"));
        Files.delete(root.resolve("neg/manifest.json"));
        assertThat(folder().open(header("c2"), false)).isEqualTo(State.START);
        assertThat(root.resolve("neg/_clearing")).doesNotExist();
    }

    @Test
    void refusesAFileInPlaceOfTheFolderAndNamesThatClimb() throws IOException {
        Files.writeString(root.resolve("neg"), "a file");
        assertThatThrownBy(() -> folder().open(header("c1"), false))
                .isInstanceOf(StageConflictException.class)
                .hasMessageContaining("is a file");
        assertThatThrownBy(() -> StageFolder.of(new Configuration(), root.toString(), "../x"))
                .hasMessageContaining("'../x'");
        assertThatThrownBy(() -> folder().table("../x")).hasMessageContaining("'../x'");
    }

    @Test
    void manifestIsReadableJsonWithItsConfigurationAsAnObject() throws IOException {
        finish("c1");
        assertThat(Files.readString(root.resolve("neg/manifest.json")))
                .contains("\"configuration\" : {\"b\":1,\"a\":{\"x\":null}}")
                .contains("\"configuration_digest\" : \"c1\"")
                .contains("\"digest\" : \"" + header("c1").digest() + "\"");
        assertThat(Files.readString(root.resolve("neg/README.md"))).contains("3 in, 2 out, 1 quarantined");
    }

    @Test
    void digestHangsOnJobConfigurationAndInputsOnly() {
        RunHeader header = header("c1");
        assertThat(new RunHeader("r", "other", "negatives", "c1", header.inputs(), "t").digest())
                .isEqualTo(header.digest());
        assertThat(RunHeader.now("neg", "swap", "c1", header.inputs()).digest()).isNotEqualTo(header.digest());
        assertThat(RunHeader.now("neg", "negatives", "c1", Map.of()).digest()).isNotEqualTo(header.digest());
    }

    @Test
    void manifestRefusesFiguresThatAreNoNumbers() {
        assertThatThrownBy(() -> new Manifest(
                        header("c"),
                        "{}",
                        "v",
                        Map.of(),
                        Map.of(),
                        new RowAccount(0, 0, 0),
                        Map.of("auroc", Double.NaN),
                        Map.of()))
                .hasMessageContaining("'auroc'");
    }

    private static RunHeader grown(String inputs) {
        return RunHeader.now("neg", "negatives", "c1", Map.of("shard", inputs));
    }

    private void finishWithIndex() throws IOException {
        finish("c1");
        write("index/part-0.parquet", "i");
        write("samples/split=train/part-0.parquet", "old");
        write("samples/split=val/part-0.parquet", "val");
    }

    private void write(String name, String text) throws IOException {
        writeAt("neg/" + name, text);
    }

    private void writeAt(String name, String text) throws IOException {
        Path file = root.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    @Test
    void updatesAFinishedStageOfTheSameSettingsAndKeepsItsManifest() throws IOException {
        finishWithIndex();
        RunHeader before = folder().manifest().run();
        StageFolder folder = folder();
        assertThat(folder.open(grown("d2"), false, true)).isEqualTo(State.UPDATE);
        assertThat(folder.finished()).as("readers see the old tables").isTrue();
        // a killed update goes on under its own run id
        RunHeader begun = folder.header();
        folder = folder();
        assertThat(folder.open(grown("d2"), false, true)).isEqualTo(State.UPDATE);
        assertThat(folder.header()).isEqualTo(begun);

        write("metrics.json", "of the old tables");
        folder.writeBeside("metrics.json", "of the new tables");
        write("_work/next_samples/split=train/part-1.parquet", "new");
        folder.swapAtCommit(new TableSwap.Builder(folder)
                .replace(Table.SAMPLES, Set.of("train", "val"))
                .add(folder.work("next_samples"), Table.SAMPLES)
                .build());
        assertThat(folder.read("metrics.json")).isEqualTo("of the old tables");
        folder.commit(manifest(folder.header()));
        assertThat(folder.read("metrics.json")).isEqualTo("of the new tables");
        assertThat(root.resolve("neg/samples/split=train/part-1.parquet")).hasContent("new");
        assertThat(root.resolve("neg/samples/split=train/part-0.parquet")).doesNotExist();
        assertThat(root.resolve("neg/samples/split=val"))
                .as("a split without rows")
                .doesNotExist();
        assertThat(root.resolve("neg/_work")).doesNotExist();
        Manifest manifest = folder().manifest();
        assertThat(manifest.run()).isEqualTo(begun);
        assertThat(manifest.parent()).isEqualTo(new Manifest.Parent(before.runId(), before.digest()));
        assertThat(root.resolve("neg/manifests/" + before.runId() + ".json"))
                .content()
                .contains(before.runId());
        assertThat(folder().open(grown("d2"), false, true)).isEqualTo(State.UP_TO_DATE);
        RunHeader otherSettings = RunHeader.now("neg", "negatives", "c2", Map.of("shard", "d3"));
        assertThat(folder().open(otherSettings, false, true)).isEqualTo(State.START);
    }

    @Test
    void finishesACommitThatWasCutOffWhateverTheNextRunWants() throws IOException {
        finishWithIndex();
        StageFolder folder = folder();
        folder.open(grown("d2"), false, true);
        write("_work/next_samples/split=train/part-1.parquet", "new");
        write("_work/next_samples/split=train/part-2.parquet", "more");
        folder.swapAtCommit(new TableSwap.Builder(folder)
                .replace(Table.SAMPLES, Set.of("train"))
                .add(folder.work("next_samples"), Table.SAMPLES)
                .build());
        // the journal stands; one file has moved, and the old manifest is gone
        RunHeader updated = folder.header();
        Path saved = root.resolve("saved");
        folder.commit(manifest(updated));
        Files.move(root.resolve("neg/manifest.json"), saved);
        write("samples/split=train/part-0.parquet", "old");
        write("_work/next_samples/split=train/part-2.parquet", "more");
        Files.delete(root.resolve("neg/samples/split=train/part-2.parquet"));
        write(
                "_work/commit.json",
                """
                {"manifest": %s, "swap": {"moves": [
                  {"from": "_work/next_samples/split=train/part-1.parquet", "to": "samples/split=train/part-1.parquet"},
                  {"from": "_work/next_samples/split=train/part-2.parquet", "to": "samples/split=train/part-2.parquet"}],
                 "removes": ["samples/split=train/part-0.parquet"]}, "pictures": []}
                """
                        .formatted(Files.readString(saved)));
        assertThat(folder().open(grown("d3"), false, true)).isEqualTo(State.UPDATE);
        assertThat(root.resolve("neg/samples/split=train/part-2.parquet")).hasContent("more");
        assertThat(root.resolve("neg/samples/split=train/part-0.parquet")).doesNotExist();
        assertThat(folder().manifest().run()).isEqualTo(updated);
    }

    @Test
    void aCommitThatEndsAfterAnyStepIsFinishedOrHasNotBegun() throws IOException {
        Configuration hadoop = new Configuration();
        hadoop.set("fs." + StoppingFileSystem.SCHEME + ".impl", StoppingFileSystem.class.getName());
        boolean whole = false;
        int finishedLater = 0;
        for (int changes = 0; !whole; changes++) {
            String name = "s" + changes;
            StageFolder folder = StageFolder.of(hadoop, StoppingFileSystem.SCHEME + "://" + root, name);
            RunHeader first = RunHeader.now(name, "shard", "c1", Map.of("f", "1"));
            RunHeader second = RunHeader.now(name, "shard", "c1", Map.of("f", "2"));
            folder.open(first, false, true);
            writeAt(name + "/images/part-0.parquet", "p0");
            AppendLog.of(folder, Table.IMAGES).finish(0);
            writeAt(name + "/index/part-0.parquet", "i0");
            writeAt(name + "/samples/split=train/part-0.parquet", "old");
            folder.commit(manifest(first));
            folder.open(second, false, true);
            writeAt(name + "/images/part-1.parquet", "p1");
            AppendLog.of(folder, Table.IMAGES).finish(0);
            writeAt(name + "/_work/next/split=train/part-1.parquet", "new");
            writeAt(name + "/_work/next/split=val/part-2.parquet", "val");
            folder.swapAtCommit(new TableSwap.Builder(folder)
                    .replace(Table.SAMPLES, Set.of("train"))
                    .add(folder.work("next"), Table.SAMPLES)
                    .build());
            StoppingFileSystem.stopAfter(changes);
            try {
                folder.commit(manifest(second));
                whole = true;
            } catch (java.io.UncheckedIOException e) {
                assertThat(e).hasStackTraceContaining("stopped here");
            } finally {
                StoppingFileSystem.stopAfter(Long.MAX_VALUE);
            }
            folder = StageFolder.of(hadoop, StoppingFileSystem.SCHEME + "://" + root, name);
            State state = folder.open(second, false, true);
            boolean committed = state == State.UP_TO_DATE;
            assertThat(committed || state == State.UPDATE)
                    .as("after %d changes: %s", changes, state)
                    .isTrue();
            finishedLater += committed && !whole ? 1 : 0;
            Path at = root.resolve(name);
            assertThat(at.resolve("images/part-0.parquet"))
                    .as("after %d changes", changes)
                    .hasContent("p0");
            assertThat(at.resolve("images/part-1.parquet"))
                    .as("after %d changes", changes)
                    .hasContent("p1");
            assertThat(at.resolve("samples/split=train/part-0.parquet").toFile().exists())
                    .isEqualTo(!committed);
            assertThat(at.resolve("samples/split=train/part-1.parquet").toFile().exists())
                    .isEqualTo(committed);
            if (committed) {
                assertThat(folder.manifest().run()).isEqualTo(second);
                assertThat(Files.readString(at.resolve("images.files.json"))).contains("part-0", "part-1");
                assertThat(at.resolve("_work")).doesNotExist();
            }
        }
        assertThat(finishedLater).isGreaterThan(10);
    }

    @Test
    void discardsWhatAnUpdateForOtherInputsAddedToPictures() throws IOException {
        StageFolder folder = folder();
        folder.open(header("c1"), false);
        write("images/part-0.parquet", "first");
        AppendLog.of(folder, Table.IMAGES).finish(0);
        folder.commit(manifest(folder.header()));
        write("index/part-0.parquet", "i");
        folder = folder();
        folder.open(grown("d2"), false, true);
        write("images/part-1.parquet", "of a wave of the update");
        AppendLog.of(folder, Table.IMAGES).finish(0);
        assertThat(folder().open(grown("d3"), false, true)).isEqualTo(State.UPDATE);
        assertThat(root.resolve("neg/images/part-1.parquet")).doesNotExist();
        assertThat(root.resolve("neg/images/part-0.parquet")).hasContent("first");
    }
}
