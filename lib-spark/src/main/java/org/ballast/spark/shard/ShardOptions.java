package org.ballast.spark.shard;

import java.io.Serializable;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.ballast.core.data.split.GroupBy;
import org.ballast.core.image.ImageInspector;
import org.ballast.spark.duplicate.PerceptualDuplicates;
import org.ballast.spark.shape.ShapeOptions;

/**
 * What {@code shard} is asked to do.
 *
 * @param inputs at least one
 * @param classes path of a JSON object {@code in_distribution}, {@code open} of class names; null for none
 * @param inspector what is looked at in a picture and what is made of it, with the limits of a picture
 * @param nearDuplicates bits in which the difference hashes of pictures that look alike may differ, 0 to 8; -1 to look for none
 * @param pictures whether pictures are stored or only referenced
 * @param shape splits and tail of what is stored
 * @param waveRows annotation rows a wave: the most that a killed run reads again
 * @param wavePictures pictures a wave: the most that a killed run reads again
 * @param maxFailureRate share of rows in quarantine above which the job fails, 0 to 1
 * @param targetFileBytes size of a Parquet file before compression
 * @param partitions Spark partitions a wave, 0 for the cluster's default parallelism; does not change the output
 */
public record ShardOptions(
        List<ShardInput> inputs,
        String classes,
        PictureStorage pictures,
        ImageInspector inspector,
        int nearDuplicates,
        ShapeOptions shape,
        int waveRows,
        int wavePictures,
        double maxFailureRate,
        long targetFileBytes,
        int partitions)
        implements Serializable {
    public ShardOptions {
        inputs = List.copyOf(inputs);
        Objects.requireNonNull(pictures, "pictures");
        Objects.requireNonNull(inspector, "inspector");
        Objects.requireNonNull(shape, "shape");
        require(
                nearDuplicates >= 0 || !shape.splits().groupBy().contains(GroupBy.NEAR_DUPLICATE),
                "near duplicates",
                "must be looked for where splits keep them together",
                nearDuplicates);
        require(
                nearDuplicates >= -1
                        && nearDuplicates <= PerceptualDuplicates.MOST_DISTANCE
                        && (nearDuplicates < 0 || inspector.dHash()),
                "near duplicates",
                "must be 0 .. 16 bits of hashes that are taken, or -1",
                nearDuplicates);
        require(!inputs.isEmpty(), "inputs", "must not be empty", inputs);
        require(waveRows >= 1, "wave rows", "must be at least 1", waveRows);
        require(wavePictures >= 1, "wave pictures", "must be at least 1", wavePictures);
        require(maxFailureRate >= 0 && maxFailureRate <= 1, "max failure rate", "must be in [0, 1]", maxFailureRate);
        require(targetFileBytes >= 1, "target file size", "must be at least 1 byte", targetFileBytes);
        require(partitions >= 0, "partitions", "must be >= 0", partitions);
    }

    ShardOptions withInputs(List<ShardInput> others) {
        return new ShardOptions(
                others,
                classes,
                pictures,
                inspector,
                nearDuplicates,
                shape,
                waveRows,
                wavePictures,
                maxFailureRate,
                targetFileBytes,
                partitions);
    }

    /** The ingestion window of the run: that of its inputs, null when they have none or several. */
    String window() {
        Set<String> windows = inputs.stream()
                .map(input -> input.window() == null ? "" : input.window())
                .collect(Collectors.toSet());
        String one = windows.iterator().next();
        return windows.size() > 1 || one.isEmpty() ? null : one;
    }

    private static void require(boolean holds, String field, String rule, Object value) {
        if (!holds) {
            throw new IllegalArgumentException("shard: %s %s, was %s".formatted(field, rule, value));
        }
    }
}
