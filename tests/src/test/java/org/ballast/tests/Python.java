package org.ballast.tests;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** The Python of the environment variable {@code BALLAST_PYTHON}, else {@code python3}. */
final class Python {
    private static final String PYTHON = System.getenv().getOrDefault("BALLAST_PYTHON", "python3");
    private static final Path FILES = Repository.ROOT.resolve("tests/src/test/python");
    private static final int MOST_MINUTES = 15;

    private Python() {}

    /** Whether it is there and imports those modules; says loudly which it lacks. */
    static boolean has(String modules) throws IOException, InterruptedException {
        Path out = Files.createTempFile("python", "");
        boolean there;
        try {
            there = run(out, "-c", "import " + modules) == 0;
        } catch (IOException e) {
            there = false;
        }
        if (!there) {
            System.err.println("SKIPPED: " + PYTHON + " with " + modules
                    + " is not there. Set BALLAST_PYTHON to one that has them.");
        }
        return there;
    }

    /** Path of a script of {@code src/test/python}. */
    static String script(String name) {
        return FILES.resolve(name).toString();
    }

    /**
     * An environment of its own under {@code target}, with what a file of {@code src/test/python} names and nothing besides; made once.
     *
     * @return its executable; empty where it cannot be made, which is said loudly
     */
    static Optional<String> environment(String name, String file) throws IOException, InterruptedException {
        Path requirements = FILES.resolve(file);
        Path folder = Repository.ROOT.resolve("tests/target/python").resolve(name);
        String executable = folder.resolve("bin/python").toString();
        Path made = folder.resolve("made-of.txt");
        String wanted = Files.readString(requirements);
        if (Files.exists(made) && Files.readString(made).equals(wanted)) {
            return Optional.of(executable);
        }
        Path log = Files.createDirectories(folder.getParent()).resolve(name + ".log");
        try {
            if (run(log, "-m", "venv", "--clear", folder.toString()) == 0
                    && run(executable, log, "-m", "pip", "install", "-q", "--no-deps", "-r", requirements.toString())
                            == 0) {
                Files.writeString(made, wanted);
                return Optional.of(executable);
            }
            System.err.println("SKIPPED: " + PYTHON + " cannot install " + requirements + "; see " + log + ".err");
        } catch (IOException e) {
            System.err.println("SKIPPED: " + requirements + " is not installed: " + e.getMessage());
        }
        return Optional.empty();
    }

    /** Runs it with the arguments; standard output goes to the file, standard error to the one beside it that ends in {@code .err}. Returns its exit status. */
    static int run(Path out, String... arguments) throws IOException, InterruptedException {
        return run(PYTHON, out, arguments);
    }

    /** The same with another Python. */
    static int run(String python, Path out, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(python);
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command)
                .redirectOutput(out.toFile())
                .redirectError(Path.of(out + ".err").toFile())
                .start();
        if (!process.waitFor(MOST_MINUTES, TimeUnit.MINUTES)) {
            process.destroyForcibly();
            throw new IOException(command + " did not end");
        }
        return process.exitValue();
    }
}
