package org.ballast.spark.io;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Set;

/**
 * Which process on which machine. A host's name and a number are not enough to tell that a process is gone: containers
 * share names and number their processes alike, and numbers come again.
 *
 * @param host name of the machine, for people
 * @param pid number of the process
 * @param machine Linux: the boot of the kernel, the name space of process numbers and the user (others' processes may be
 *     hidden); null where they cannot be read
 * @param started Linux: clock ticks from that boot to the start of the process; 0 where they cannot be read
 */
@JsonIgnoreProperties(ignoreUnknown = true)
record ProcessMark(String host, long pid, String machine, long started) {
    private static final Path PROC = Path.of("/proc");

    /** What proc(5) says of a process behind its command, which stands in brackets and may hold anything. */
    private record Stat(String state, long started) {
        static Stat of(long pid) throws IOException {
            String line = Files.readString(PROC.resolve(Long.toString(pid)).resolve("stat"));
            String[] fields = line.substring(line.lastIndexOf(')') + 1).strip().split(" ");
            // state is field 3, starttime field 22
            return new Stat(fields[0], Long.parseLong(fields[19]));
        }
    }

    /** This process. */
    static ProcessMark current() {
        return of(ProcessHandle.current().pid());
    }

    /** A process of this machine. */
    static ProcessMark of(long pid) {
        try {
            return new ProcessMark(
                    hostName(), pid, machineOrNull(), Stat.of(pid).started());
        } catch (IOException e) {
            return new ProcessMark(hostName(), pid, null, 0);
        }
    }

    /**
     * Whether the process has surely ended: true only for one of this user on this boot of this machine that is not there
     * any more. False where that cannot be known.
     */
    boolean isGone() {
        if (started == 0 || machine == null || !machine.equals(machineOrNull())) {
            return false;
        }
        try {
            Stat stat = Stat.of(pid);
            return stat.started() != started || Set.of("Z", "X").contains(stat.state());
        } catch (NoSuchFileException e) {
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public String toString() {
        return "process %d on host %s".formatted(pid, host);
    }

    private static String hostName() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "unknown";
        }
    }

    private static String machineOrNull() {
        try {
            String boot =
                    Files.readString(PROC.resolve("sys/kernel/random/boot_id")).strip();
            return "%s %s %s"
                    .formatted(
                            boot, Files.readSymbolicLink(PROC.resolve("self/ns/pid")), System.getProperty("user.name"));
        } catch (IOException | UnsupportedOperationException e) {
            return null;
        }
    }
}
