package org.ballast.spark.export;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.OptionalLong;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.Path;
import org.ballast.spark.io.StageFolder;

/** Which waves of named files are written, and how many rows each holds: {@code _work/<name>/wave-NNNNN.rows}. */
final class WaveMarks {
    private final StageFolder stage;
    private final Path folder;

    WaveMarks(StageFolder stage, String name) {
        this.stage = stage;
        this.folder = stage.work(name);
    }

    /** Rows of a finished wave; empty when it is not finished. */
    OptionalLong rows(int wave) {
        try (FSDataInputStream in = stage.fileSystem().open(path(wave))) {
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            // a file that was cut off as it was written is none
            return text.endsWith("\n") ? OptionalLong.of(Long.parseLong(text.strip())) : OptionalLong.empty();
        } catch (FileNotFoundException e) {
            return OptionalLong.empty();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + path(wave), e);
        }
    }

    void finish(int wave, long rows) {
        try (FSDataOutputStream out = stage.fileSystem().create(path(wave), true)) {
            out.write((rows + "\n").getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + path(wave), e);
        }
    }

    private Path path(int wave) {
        return new Path(folder, "wave-%05d.rows".formatted(wave));
    }
}
