package org.ballast.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.fs.FileSystem;
import org.junit.jupiter.api.Test;

/**
 * What holds for {@code shard} on every file system, with annotations, pictures and output on it: a second run is refused
 * while the first is there, no reader ever sees half a file, and after a SIGKILL the rerun ends with what an undisturbed
 * run on the disk writes.
 */
abstract class StoreContract {
    private static final int SIGKILL = 128 + 9;

    /** Folder of this store's own. */
    abstract String base();

    abstract FileSystem files() throws IOException;

    /** Options for spark-submit. */
    abstract List<String> sparkOptions();

    /** Called when the last run has ended. */
    void afterwards() throws Exception {}

    @Test
    void aKilledRunIsFinishedByTheNext() throws Exception {
        ShardRun undisturbed = ShardRun.undisturbed();
        String data = base() + "/data";
        String root = base() + "/out";
        FileSystem files = files();
        files.copyFromLocalFile(
                new org.apache.hadoop.fs.Path(undisturbed.data().toUri()), new org.apache.hadoop.fs.Path(data));
        Path folder = Repository.emptyFolder("store-" + files.getUri().getScheme());
        Path configuration = ShardSet.configuration(folder.resolve("run.conf"), data, root);
        String[] call = call(configuration);
        ShardOutput output = new ShardOutput(files, root);

        try (Submit first = Submit.start(call)) {
            first.awaitWhileRunning("a wave of pictures", () -> hasWave(output));
            first.signal("STOP");
            output.requireWholeFiles();
            assertThat(output.listing()).containsKey("photos/lease.json").doesNotContainKey("photos/manifest.json");
            Submit.Outcome second = Submit.run(call);
            assertThat(second.exit()).as(second.errors()).isEqualTo(1);
            assertThat(second.errors())
                    .contains("photos is being written by run ", "process " + first.pid() + " on host ")
                    .doesNotContain("\tat ");
            assertThat(first.kill().exit()).isEqualTo(SIGKILL);
        }
        output.requireWholeFiles();

        try (Submit rerun = Submit.start(call)) {
            while (rerun.isRunning()) {
                output.requireWholeFiles();
                Thread.sleep(100);
            }
            Submit.Outcome outcome = rerun.await();
            assertThat(outcome.exit()).as(outcome.errors()).isZero();
            assertThat(outcome.state(ShardSet.PHOTOS)).isEqualTo("done");
        }
        output.requireNothingLeft();
        assertThat(output.requireWholeFiles()).isGreaterThan(6);
        output.requireSameAs(undisturbed, data, Repository.emptyFolder(folder.getFileName() + "/copy"));
        afterwards();

        Map<String, String> before = output.listing();
        Submit.Outcome again = Submit.run(call);
        assertThat(again.state(ShardSet.PHOTOS)).isEqualTo("up-to-date");
        assertThat(output.listing())
                .as("a run with nothing to do writes nothing")
                .isEqualTo(before);

        requireUpdated(data, call, output, before);
    }

    /** The data set grows: what is new is added, and the tables are those of a run from scratch. */
    private void requireUpdated(String data, String[] call, ShardOutput output, Map<String, String> before)
            throws Exception {
        ShardRun grown = ShardRun.grown();
        for (Path file : ShardSet.changed(grown.data())) {
            files().copyFromLocalFile(
                            new org.apache.hadoop.fs.Path(file.toUri()),
                            new org.apache.hadoop.fs.Path(
                                    data + "/" + grown.data().relativize(file)));
        }
        Submit.Outcome update = Submit.run(call);
        assertThat(update.exit()).as(update.errors()).isZero();
        assertThat(update.state(ShardSet.PHOTOS)).isEqualTo("done");
        assertThat(update.state(ShardSet.CHATS)).isEqualTo("up-to-date");
        output.requireNothingLeft();
        output.requireWholeFiles();
        String images = "photos/images/";
        assertThat(output.listing().entrySet())
                .as("pictures are added, none is written again")
                .containsAll(before.entrySet().stream()
                        .filter(file -> file.getKey().startsWith(images))
                        .toList());
        output.requireSameAs(
                grown, data, Repository.emptyFolder("store-" + files().getUri().getScheme() + "/grown"));
        afterwards();
    }

    private String[] call(Path configuration) {
        List<String> call = new ArrayList<>();
        Collections.addAll(call, "pipeline", "--conf", configuration.toString(), "--master", "local[2]", "--");
        call.addAll(sparkOptions());
        return call.toArray(String[]::new);
    }

    private static boolean hasWave(ShardOutput output) {
        try {
            return output.listing().keySet().stream()
                    .anyMatch(name -> name.startsWith("photos/_work/") && name.contains("images-wave"));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
