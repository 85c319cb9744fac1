package org.ballast.core.fuzz;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.ballast.core.data.ItemRandom;
import org.ballast.core.mllm.CheckpointException;

/**
 * What a reader of a file from outside owes for any bytes: a value or one documented exception with a message, in bounded time, and with no more allocated
 * than a multiple of the bytes.
 */
public final class ReaderContract {
    /** The message of an error shows a part of the input, and Jackson's buffers and first classes come on top. */
    private static final long CONSTANT_BYTES = 16L << 20;

    private static final long BYTES_PER_INPUT_BYTE = 2_000;
    private static final long MOST_NANOS = 10_000_000_000L;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private ReaderContract() {}

    /** A reader: the value is thrown away. */
    public interface Reader {
        void read(byte[] input) throws IOException;
    }

    /** Runs the reader on the input; throws what breaks the contract. */
    public static void check(byte[] input, Reader reader) {
        Cost first = cost(input, reader);
        // the first call loads classes, and instruments them
        if (first.tooMuchFor(input)) {
            Cost second = cost(input, reader);
            if (second.tooMuchFor(input)) {
                throw new AssertionError(input.length + " bytes of input took " + second);
            }
        }
    }

    private record Cost(long bytes, long nanos) {
        boolean tooMuchFor(byte[] input) {
            return bytes > CONSTANT_BYTES + BYTES_PER_INPUT_BYTE * input.length || nanos > MOST_NANOS;
        }
    }

    private static Cost cost(byte[] input, Reader reader) {
        long allocated = THREADS.getCurrentThreadAllocatedBytes();
        long start = System.nanoTime();
        try {
            reader.read(input);
        } catch (CheckpointException | IllegalArgumentException e) {
            if (e.getMessage() == null || e.getMessage().isBlank()) {
                throw new AssertionError("an error without a message", e);
            }
        } catch (IOException e) {
            throw new AssertionError("the input is in memory: nothing can go wrong in reading it", e);
        }
        return new Cost(THREADS.getCurrentThreadAllocatedBytes() - allocated, System.nanoTime() - start);
    }

    /** The inputs in the resource folder of a fuzz test, where Jazzer looks for its seeds too, and seeded mutations of each. */
    public static Stream<byte[]> corpus(Class<?> fuzzTest, String method, int mutationsOfEach) {
        Path folder = Path.of("src/test/resources", fuzzTest.getName().replace('.', '/') + "Inputs", method);
        List<Path> files;
        try (Stream<Path> listed = Files.list(folder)) {
            files = listed.sorted().toList();
        } catch (IOException e) {
            throw new IllegalStateException(folder + " holds no corpus", e);
        }
        return files.stream().flatMap(file -> {
            byte[] original = bytes(file);
            RandomGenerator random = ItemRandom.of(1, "fuzz", file.getFileName().toString(), 0);
            return Stream.concat(
                    Stream.of(original),
                    Stream.generate(() -> mutated(original, random)).limit(mutationsOfEach));
        });
    }

    private static byte[] bytes(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new IllegalStateException(file + " cannot be read", e);
        }
    }

    /** One to four bytes changed, left out or doubled. */
    private static byte[] mutated(byte[] original, RandomGenerator random) {
        byte[] out = original.clone();
        for (int i = random.nextInt(4); i >= 0 && out.length > 0; i--) {
            int at = random.nextInt(out.length);
            switch (random.nextInt(4)) {
                case 0 -> out[at] = (byte) random.nextInt(256);
                case 1 -> out[at] ^= (byte) (1 << random.nextInt(8));
                case 2 -> {
                    byte[] shorter = new byte[out.length - 1];
                    System.arraycopy(out, 0, shorter, 0, at);
                    System.arraycopy(out, at + 1, shorter, at, shorter.length - at);
                    out = shorter;
                }
                default -> {
                    byte[] longer = new byte[out.length + 1];
                    System.arraycopy(out, 0, longer, 0, at + 1);
                    System.arraycopy(out, at, longer, at + 1, out.length - at);
                    out = longer;
                }
            }
        }
        return out;
    }
}
