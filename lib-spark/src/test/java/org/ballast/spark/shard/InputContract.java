package org.ballast.spark.shard;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.ballast.core.data.ItemRandom;

/**
 * What a reader of sources owes for any bytes: rows, each with candidates, or one {@link AnnotationException} with a message; in
 * bounded time, and with no more allocated than a multiple of the bytes.
 */
final class InputContract {
    static final String FILE = "hostile.file";

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final long CONSTANT_BYTES = 64L << 20;
    private static final long BYTES_PER_INPUT_BYTE = 4_000;
    private static final long MOST_NANOS = 10_000_000_000L;
    private static final ClassNames CLASSES = new ClassNames(List.of("cat", "dog"), List.of("flag"));

    private InputContract() {}

    /** Opens the rows that are to be read. */
    interface Opener {
        SourceRows open(byte[] input) throws IOException;
    }

    static void check(byte[] input, ShardInput of, Opener opener) {
        check(input, CONSTANT_BYTES + BYTES_PER_INPUT_BYTE * input.length, of, opener);
    }

    /** @param mostBytes that may be allocated */
    static void check(byte[] input, long mostBytes, ShardInput of, Opener opener) {
        boolean first = isWithin(input, mostBytes, of, opener);
        if (!first && !isWithin(input, mostBytes, of, opener)) {
            throw new AssertionError(input.length + " bytes of input took too much time or memory");
        }
    }

    /** The first call loads classes: only what a second one takes counts. */
    private static boolean isWithin(byte[] input, long mostBytes, ShardInput of, Opener opener) {
        long allocated = THREADS.getCurrentThreadAllocatedBytes();
        long start = System.nanoTime();
        try (SourceRows rows = opener.open(input)) {
            long expected = 0;
            while (rows.advance()) {
                if (rows.position() != expected++) {
                    throw new AssertionError("position " + rows.position() + " after " + (expected - 2));
                }
                check(rows, of);
            }
        } catch (AnnotationException e) {
            if (e.getMessage() == null || !e.getMessage().contains(FILE)) {
                throw new AssertionError("an error that does not name the file", e);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("nothing can go wrong in reading what is here", e);
        }
        return THREADS.getCurrentThreadAllocatedBytes() - allocated <= mostBytes
                && System.nanoTime() - start <= MOST_NANOS;
    }

    private static void check(SourceRows rows, ShardInput of) {
        List<Candidate> candidates = CandidateRows.of(rows.row(), new RowContext(of, 0, 0, rows.position(), CLASSES));
        if (candidates.isEmpty()) {
            throw new AssertionError("row " + rows.position() + " gave nothing");
        }
        for (Candidate candidate : candidates) {
            candidate.toRow();
            boolean told = candidate.reason() == null
                    ? candidate.id() != null && candidate.digest() != null
                    : candidate.message() != null && !candidate.message().isBlank();
            if (!told || (candidate.raw() != null && candidate.raw().length() > 2_000)) {
                throw new AssertionError("no usable candidate: " + candidate);
            }
        }
    }

    /** The inputs in the resource folder of a fuzz test, and seeded mutations of each. */
    static Stream<byte[]> corpus(Class<?> fuzzTest, String method, int mutationsOfEach) throws IOException {
        Path folder = Path.of("src/test/resources", fuzzTest.getName().replace('.', '/') + "Inputs", method);
        List<Path> files;
        try (Stream<Path> listed = Files.list(folder)) {
            files = listed.sorted().toList();
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
            throw new UncheckedIOException(e);
        }
    }

    /** One to four bytes changed, and now and then the end cut off. */
    private static byte[] mutated(byte[] original, RandomGenerator random) {
        byte[] out = original.clone();
        for (int i = random.nextInt(4); i >= 0 && out.length > 0; i--) {
            int at = random.nextInt(out.length);
            out[at] = random.nextBoolean() ? (byte) random.nextInt(256) : (byte) (out[at] ^ (1 << random.nextInt(8)));
        }
        return random.nextInt(4) == 0 ? java.util.Arrays.copyOf(out, random.nextInt(out.length + 1)) : out;
    }
}
