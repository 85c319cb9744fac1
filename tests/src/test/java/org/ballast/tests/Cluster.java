package org.ballast.tests;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.commons.io.FileUtils;
import org.apache.spark.launcher.JavaModuleOptions;

/**
 * A standalone cluster on loopback: one Master and some Workers of one core each, every one a process of its own. The copies of the application's
 * jar that executors leave are deleted a minute after their application, for a test of many applications would fill the disk.
 */
final class Cluster implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofMinutes(2);
    private static final String LOCAL = "local";

    private final Path folder;
    private final List<Process> processes = new ArrayList<>();
    private final String url;

    /** Starts the processes and waits until the workers are registered. */
    Cluster(Path folder, int workers) throws IOException, InterruptedException {
        this.folder = folder;
        // a test JVM that is told to stop must not leave a cluster behind
        Runtime.getRuntime().addShutdownHook(new Thread(this::close));
        // how Spark tells its distribution from its source tree; executors look for jars by it
        Files.writeString(Repository.SPARK_HOME.resolve("RELEASE"), "");
        try {
            Path log = start("master", "org.apache.spark.deploy.master.Master");
            url = await(log, Pattern.compile("Starting Spark master at (spark://\\S+)"));
            for (int i = 0; i < workers; i++) {
                Path worker = start(
                        "worker-" + i,
                        "org.apache.spark.deploy.worker.Worker",
                        "--cores",
                        "1",
                        "--memory",
                        "2g",
                        "--work-dir",
                        folder.resolve("work-" + i).toString(),
                        url);
                await(worker, Pattern.compile("(Successfully registered) with master"));
            }
        } catch (IOException | InterruptedException | RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    /** {@code spark://host:port}. */
    String url() {
        return url;
    }

    /** Tasks that the executors of one worker have finished, from their logs. */
    long finishedTasks(int worker) throws IOException {
        long tasks = 0;
        try (Stream<Path> files = Files.walk(folder.resolve("work-" + worker))) {
            for (Path log : files.filter(file -> file.endsWith("stderr")).toList()) {
                tasks += Pattern.compile("Finished task ")
                        .matcher(Files.readString(log))
                        .results()
                        .count();
            }
        }
        return tasks;
    }

    /** Executors that are alive. */
    List<ProcessHandle> executors() {
        return processes.stream()
                .flatMap(Process::descendants)
                .filter(process -> process.info().commandLine().orElse("").contains("CoarseGrainedExecutorBackend"))
                .toList();
    }

    private Path start(String name, String daemon, String... arguments) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        Collections.addAll(command, JavaModuleOptions.defaultModuleOptions().split(" "));
        Collections.addAll(
                command,
                "-Dspark.worker.cleanup.enabled=true",
                "-Dspark.worker.cleanup.interval=20",
                "-Dspark.worker.cleanup.appDataTtl=60");
        Collections.addAll(command, "-Xmx512m", "-cp", Repository.SPARK_HOME.resolve("jars") + "/*", daemon);
        Collections.addAll(command, "--host", "127.0.0.1", "--port", "0", "--webui-port", "0");
        Collections.addAll(command, arguments);
        Path log = folder.resolve(name + ".log");
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile());
        builder.environment().put("SPARK_HOME", Repository.SPARK_HOME.toString());
        builder.environment().put("SPARK_SCALA_VERSION", "2.12");
        builder.environment().put("SPARK_LOCAL_IP", "127.0.0.1");
        builder.environment().put("SPARK_LOCAL_DIRS", folder.resolve(LOCAL).toString());
        processes.add(builder.start());
        return log;
    }

    /** The pattern's first group, once the log holds it. */
    private String await(Path log, Pattern pattern) throws IOException, InterruptedException {
        Process process = processes.get(processes.size() - 1);
        long end = System.nanoTime() + LIMIT.toNanos();
        while (true) {
            String text = Files.readString(log);
            Matcher matcher = pattern.matcher(text);
            if (matcher.find()) {
                return matcher.group(1);
            }
            if (!process.isAlive() || System.nanoTime() > end) {
                throw new IllegalStateException("no '" + pattern + "' in " + log + ":\n" + text);
            }
            Thread.sleep(50);
        }
    }

    /** Kills workers with their executors, then the master; the jars and blocks that they leave are deleted, their logs stay. */
    @Override
    public void close() {
        for (int i = processes.size() - 1; i >= 0; i--) {
            Process process = processes.get(i);
            List<ProcessHandle> below = process.descendants().toList();
            process.destroyForcibly();
            below.forEach(ProcessHandle::destroyForcibly);
        }
        FileUtils.listFiles(folder.toFile(), new String[] {"jar"}, true).forEach(FileUtils::deleteQuietly);
        FileUtils.deleteQuietly(folder.resolve(LOCAL).toFile());
    }
}
