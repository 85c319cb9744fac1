package org.ballast.spark.shard;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.stream.IntStream;

/**
 * Which task reads which pictures, and which tasks make a wave. Pictures come in buckets; equal pictures share one, so they
 * meet in one task whatever the plan. A task writes one file.
 *
 * @param taskOfBucket number of the task that has a bucket
 * @param firstOfWave number of the first task of each wave, ascending; with the number of tasks at the end
 */
record PicturePlan(int[] taskOfBucket, int[] firstOfWave) {
    /** Tasks that even few pictures are spread over, so that they are read at once. */
    private static final int SPREAD = 8;
    /** Work below which spreading does not pay. */
    private static final long SPREAD_BYTES = 16L << 20;
    /** What opening, checking and storing a picture costs, in bytes that could be copied in that time. */
    private static final long BYTES_A_PICTURE = 20_000;

    /** How many buckets tell the tasks of so many pictures apart finely enough. */
    static int buckets(long bytes, long pictures, long targetBytes, int wavePictures) {
        int tasks = tasks(bytes, pictures, targetBytes, wavePictures);
        return Math.max(256, Math.min(1 << 20, Integer.highestOneBit(Math.max(1, tasks)) << 7));
    }

    /** How many tasks so many pictures are cut into. */
    static int tasks(long bytes, long pictures, long targetBytes, int wavePictures) {
        long bySize = Math.max(ceil(bytes, targetBytes), ceil(pictures, wavePictures));
        long bySpread = Math.min(SPREAD, ceil(bytes + pictures * BYTES_A_PICTURE, SPREAD_BYTES));
        return (int) Math.min(1 << 20, Math.max(1, Math.max(bySize, bySpread)));
    }

    /**
     * Plans.
     *
     * @param bytes of the pictures of each bucket
     * @param pictures in each bucket
     * @param targetBytes most bytes of a task, unless one bucket has more
     * @param wavePictures most pictures of a wave, unless one bucket has more
     */
    static PicturePlan of(long[] bytes, long[] pictures, long targetBytes, int wavePictures) {
        int tasks = tasks(Arrays.stream(bytes).sum(), Arrays.stream(pictures).sum(), targetBytes, wavePictures);
        int[] taskOfBucket = new int[bytes.length];
        long[] picturesOfTask = new long[tasks];
        PriorityQueue<long[]> loads = new PriorityQueue<>(
                Comparator.<long[]>comparingLong(load -> load[0]).thenComparingLong(load -> load[1]));
        for (int task = 0; task < tasks; task++) {
            loads.add(new long[] {0, task});
        }
        List<Integer> largestFirst = IntStream.range(0, bytes.length)
                .boxed()
                .sorted(Comparator.<Integer>comparingLong(bucket -> -weight(bytes[bucket], pictures[bucket]))
                        .thenComparingInt(bucket -> bucket))
                .toList();
        for (int bucket : largestFirst) {
            long[] least = loads.remove();
            int task = (int) least[1];
            taskOfBucket[bucket] = task;
            picturesOfTask[task] += pictures[bucket];
            loads.add(new long[] {least[0] + weight(bytes[bucket], pictures[bucket]), task});
        }
        return new PicturePlan(taskOfBucket, waves(picturesOfTask, wavePictures));
    }

    private static int[] waves(long[] picturesOfTask, int wavePictures) {
        List<Integer> first = new ArrayList<>(List.of(0));
        long held = 0;
        for (int task = 0; task < picturesOfTask.length; task++) {
            if (held > 0 && held + picturesOfTask[task] > wavePictures) {
                first.add(task);
                held = 0;
            }
            held += picturesOfTask[task];
        }
        first.add(picturesOfTask.length);
        return first.stream().mapToInt(Integer::intValue).toArray();
    }

    int waves() {
        return firstOfWave.length - 1;
    }

    private static long weight(long bytes, long pictures) {
        return bytes + pictures * BYTES_A_PICTURE;
    }

    private static long ceil(long amount, long share) {
        return amount / share + (amount % share == 0 ? 0 : 1);
    }
}
