package org.ballast.spark.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ProcessMarkTest {
    @BeforeEach
    void onLinux() {
        Assumptions.assumeTrue(Files.isReadable(Path.of("/proc/self/stat")), "processes are told apart on Linux only");
    }

    @Test
    void aProcessIsGoneOnceItHasEnded() throws IOException, InterruptedException {
        Process sleep = new ProcessBuilder("sleep", "600").start();
        ProcessMark mark = ProcessMark.of(sleep.pid());
        try {
            assertThat(mark.isGone()).isFalse();
        } finally {
            sleep.destroyForcibly().waitFor();
        }
        assertThat(mark.isGone()).isTrue();
    }

    @Test
    void anotherProcessOfTheSameNumberIsNotThisOne() {
        ProcessMark now = ProcessMark.current();
        assertThat(now.isGone()).isFalse();
        assertThat(new ProcessMark(now.host(), now.pid(), now.machine(), now.started() + 1).isGone())
                .isTrue();
    }

    @Test
    void nothingIsKnownOfProcessesElsewhere() {
        ProcessMark now = ProcessMark.current();
        long none = Long.MAX_VALUE;
        assertThat(new ProcessMark(now.host(), none, now.machine(), 1).isGone()).isTrue();
        assertThat(new ProcessMark(now.host(), none, "another boot", 1).isGone())
                .isFalse();
        assertThat(new ProcessMark(now.host(), none, null, 1).isGone()).isFalse();
        assertThat(new ProcessMark(now.host(), none, now.machine(), 0).isGone()).isFalse();
    }
}
