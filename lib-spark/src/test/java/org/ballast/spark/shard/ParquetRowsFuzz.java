package org.ballast.spark.shard;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;

/**
 * A Parquet file of preferences. Time is bounded, memory only by the heap: Parquet's own decoders allocate the entries that a
 * dictionary, and the values that a run, claims to have.
 */
class ParquetRowsFuzz {
    private static final Configuration HADOOP = new Configuration();

    @FuzzTest
    void parquet(byte[] input) {
        read(input);
    }

    static void read(byte[] input) {
        Path file = null;
        try {
            file = Files.createTempFile("fuzz", InputContract.FILE + ".parquet");
            Files.write(file, input);
            ShardInput of = ShardInput.of(AnnotationLayout.RLAIF_V, file.toString(), null, "train", "s");
            org.apache.hadoop.fs.Path place = new org.apache.hadoop.fs.Path(file.toUri());
            InputContract.check(input, Long.MAX_VALUE, of, bytes -> new ParquetRows(HADOOP, of, place));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            delete(file);
        }
    }

    private static void delete(Path file) {
        try {
            if (file != null) {
                Files.deleteIfExists(file);
                Files.deleteIfExists(file.resolveSibling("." + file.getFileName() + ".crc"));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
