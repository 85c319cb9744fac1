package org.ballast.core.drift;

import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.random.RandomGenerator;
import org.ballast.core.data.ItemRandom;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Minibatches of a shard, all of the same size: one permutation of its rows after another, cut without regard to where
 * one ends. Which rows are in batch n depends on seed, shard and n alone, so a stream may start anywhere.
 */
public final class MinibatchStream implements Iterator<DataSet> {
    private final FeatureShard shard;
    private final int classes;
    private final int batchSize;
    private final long seed;
    private final int shardIndex;
    private final long end;
    private long position;
    private long permutationNumber = -1;
    private int[] permutation = new int[0];

    /**
     * Batches {@code first} to {@code first + count - 1}.
     *
     * @throws IllegalArgumentException if the shard is empty
     */
    public MinibatchStream(
            FeatureShard shard, int shardIndex, int classes, int batchSize, long seed, long first, long count) {
        if (shard.rows() == 0) {
            throw new IllegalArgumentException("shard " + shardIndex + " has no row");
        }
        this.shard = shard;
        this.shardIndex = shardIndex;
        this.classes = classes;
        this.batchSize = batchSize;
        this.seed = seed;
        this.position = first * batchSize;
        this.end = (first + count) * batchSize;
    }

    @Override
    public boolean hasNext() {
        return position < end;
    }

    @Override
    public DataSet next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        int width = shard.width();
        float[] features = new float[batchSize * width];
        float[] labels = new float[batchSize * classes];
        for (int i = 0; i < batchSize; i++, position++) {
            int row = row(position);
            System.arraycopy(shard.values(), row * width, features, i * width, width);
            labels[i * classes + shard.labels()[row]] = 1;
        }
        return new DataSet(
                Nd4j.createFromArray(features).reshape(batchSize, width), // [batch, d]
                Nd4j.createFromArray(labels).reshape(batchSize, classes)); // [batch, classes]
    }

    private int row(long at) {
        long number = at / shard.rows();
        if (number != permutationNumber) {
            permutation =
                    permuted(shard.rows(), ItemRandom.of(seed, "shuffle", "shard-" + shardIndex + "/" + number, 0));
            permutationNumber = number;
        }
        return permutation[(int) (at % shard.rows())];
    }

    private static int[] permuted(int size, RandomGenerator random) {
        int[] order = new int[size];
        for (int i = 0; i < size; i++) {
            int j = random.nextInt(i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        return order;
    }
}
