package org.ballast.spark.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.ballast.core.data.RowAccount;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BorrowedTablesTest {
    @TempDir
    Path root;

    /** A stage with these tables, still open. */
    private StageFolder stage(String name, String... tables) throws IOException {
        StageFolder stage = StageFolder.of(new Configuration(), root.toString(), name);
        stage.open(RunHeader.now(name, "test", "c", Map.of()), false);
        for (String table : tables) {
            Files.createDirectories(root.resolve(name).resolve(table));
        }
        return stage;
    }

    private static StageFolder finished(StageFolder stage) {
        stage.commit(new Manifest(
                stage.header(), "{}", "v", Map.of(), Map.of(), new RowAccount(0, 0, 0), Map.of(), Map.of()));
        return stage;
    }

    private static List<String> holders(Table table, StageFolder... stages) {
        return BorrowedTables.holders(Arrays.asList(stages), table).stream()
                .map(StageFolder::stage)
                .toList();
    }

    @Test
    void aTableIsWhereItIsHeldOverAnyNumberOfSteps() throws IOException {
        StageFolder one = finished(stage("one", "images", "samples"));
        StageFolder two = finished(stage("two", "images"));
        StageFolder both = stage("both", "samples");
        BorrowedTables.write(both, Map.of("images", List.of("one", "two")));
        finished(both);
        StageFolder again = stage("again", "samples");
        BorrowedTables.write(again, Map.of("images", List.of("both")));
        finished(again);
        assertThat(holders(Table.IMAGES, again)).containsExactly("one", "two");
        assertThat(holders(Table.IMAGES, again, both, one)).as("each once").containsExactly("one", "two");
        assertThat(holders(Table.SAMPLES, again, one))
                .as("own tables come first")
                .containsExactly("again", "one");
        assertThat(holders(Table.PROMPTS, both)).as("neither held nor borrowed").containsExactly("both");
        assertThat(holders(Table.IMAGES, one, two)).containsExactly("one", "two");
    }

    @Test
    void whatIsBorrowedMustBeThere() throws IOException {
        stage("open", "images");
        StageFolder borrower = stage("borrower");
        BorrowedTables.write(borrower, Map.of("images", List.of("open")));
        finished(borrower);
        assertThatThrownBy(() -> holders(Table.IMAGES, borrower))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContainingAll("'borrower'", "'images'", "'open'", "not finished");
        Files.writeString(root.resolve("borrower/borrowed.json"), "[]");
        // the checksum file would no longer agree
        Files.deleteIfExists(root.resolve("borrower/.borrowed.json.crc"));
        assertThatThrownBy(() -> holders(Table.IMAGES, borrower)).hasMessageContaining("no list of stages by table");
    }
}
