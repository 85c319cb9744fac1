package org.ballast.core.mllm;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;

/** What this machine's processor can do, by the flags that Linux reports. */
final class Processor {
    private static final Set<String> FLAGS = flags(Path.of("/proc/cpuinfo"));

    private Processor() {}

    /** Whether oneDNN takes bf16 products here: AVX-512 at least (natively with {@code avx512_bf16} or AMX). */
    static boolean multipliesBf16() {
        return FLAGS.containsAll(Set.of("avx512bw", "avx512vl", "avx512dq"));
    }

    /** Whether bf16 products are native and so several times as fast as float32: {@code amx_bf16} or {@code avx512_bf16}. */
    static boolean hasNativeBf16() {
        return FLAGS.contains("amx_bf16") || FLAGS.contains("avx512_bf16");
    }

    /** The flags of the first processor; none where there is no such file. */
    static Set<String> flags(Path cpuInfo) {
        if (!Files.isReadable(cpuInfo)) {
            return Set.of();
        }
        try (var lines = Files.lines(cpuInfo)) {
            return lines.filter(line -> line.startsWith("flags"))
                    .findFirst()
                    .map(line -> Arrays.stream(
                                    line.substring(line.indexOf(':') + 1).trim().split(" +"))
                            .collect(Collectors.toUnmodifiableSet()))
                    .orElse(Set.of());
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + cpuInfo, e);
        }
    }
}
