package org.ballast.tests;

import java.io.IOException;
import java.nio.file.Path;

/** One undisturbed run of the tiny pipeline on {@code local[2]}, made when the first test asks for it; nobody may change it. */
final class TinyRun {
    private static TinyRun made;

    private final Path configuration;
    private final Path preference;
    private final Path root;
    private final Submit.Outcome outcome;

    private TinyRun(Path configuration, Path preference, Path root, Submit.Outcome outcome) {
        this.configuration = configuration;
        this.preference = preference;
        this.root = root;
        this.outcome = outcome;
    }

    static synchronized TinyRun get() throws IOException, InterruptedException {
        if (made == null) {
            Path sample = Repository.emptyFolder("tiny-sample");
            Sample.tiny(sample);
            Path preference = Sample.configuration(sample, "tiny-preference.conf");
            Path configuration = Sample.configuration(sample, "tiny.conf");
            Path root = Repository.emptyFolder("tiny");
            Submit.Outcome outcome = pipeline(configuration, root, "local[2]");
            if (outcome.exit() != 0) {
                throw new AssertionError("the tiny pipeline ended with " + outcome.exit() + "\n" + outcome.errors());
            }
            made = new TinyRun(configuration, preference, root, outcome);
        }
        return made;
    }

    static Submit.Outcome pipeline(Path configuration, Path root, String master, String... more)
            throws IOException, InterruptedException {
        return Submit.run(arguments("pipeline", configuration, root, master, more));
    }

    /** The words behind {@code bin/submit.sh}. */
    static String[] arguments(String job, Path configuration, Path root, String master, String... more) {
        String[] fixed = {job, "--conf", configuration.toString(), "--set", "root=" + root, "--master", master};
        String[] all = java.util.Arrays.copyOf(fixed, fixed.length + more.length);
        System.arraycopy(more, 0, all, fixed.length, more.length);
        return all;
    }

    /** All stages. */
    Path configuration() {
        return configuration;
    }

    /** The stages that lead to a preference-trained adapter. */
    Path preference() {
        return preference;
    }

    /** Folder with a folder a stage. */
    Path root() {
        return root;
    }

    Submit.Outcome outcome() {
        return outcome;
    }

    /** A new root with some of the finished stages. */
    Path rootWith(String name, String... stages) throws IOException {
        Path other = Repository.emptyFolder(name);
        for (String stage : stages) {
            Repository.copy(root.resolve(stage), other.resolve(stage));
        }
        return other;
    }
}
