package org.ballast.spark.shard;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.apache.hadoop.conf.Configuration;

/** A pair of IDX files: the first two bytes say how many of the rest are the pictures', what follows are the labels. */
class IdxFuzz {
    private static final ShardInput IDX = ShardInput.of(AnnotationLayout.IDX, InputContract.FILE, null, "train", "s");
    private static final Path PICTURES;
    private static final Path LABELS;

    static {
        try {
            Path folder = Files.createTempDirectory("idx");
            PICTURES = folder.resolve(InputContract.FILE + "-images-idx3-ubyte");
            LABELS = folder.resolve(InputContract.FILE + "-labels-idx1-ubyte");
            PICTURES.toFile().deleteOnExit();
            LABELS.toFile().deleteOnExit();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @FuzzTest
    void pair(byte[] input) {
        read(input);
    }

    static void read(byte[] input) {
        InputContract.check(input, IDX, bytes -> {
            int rest = Math.max(0, bytes.length - 2);
            int pictures = bytes.length < 2 ? 0 : Math.min(rest, (bytes[0] & 0xff) << 8 | (bytes[1] & 0xff));
            int from = bytes.length - rest;
            Files.write(PICTURES, Arrays.copyOfRange(bytes, from, from + pictures));
            Files.write(LABELS, Arrays.copyOfRange(bytes, from + pictures, bytes.length));
            return new IdxFile(
                    new Configuration(false), InputContract.FILE, new org.apache.hadoop.fs.Path(PICTURES.toUri()));
        });
    }
}
