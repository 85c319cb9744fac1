package org.ballast.tests;

import java.io.IOException;
import java.nio.file.Path;

/** One undisturbed run over a {@link ShardSet} on the disk, made when the first test asks for it; nobody may change it. */
final class ShardRun {
    private static final long SEED = 20_260_601;

    private static ShardRun made;
    private static ShardRun madeGrown;

    private final Path data;
    private final Path configuration;
    private final Path root;
    private final long millis;

    private ShardRun(Path data, Path configuration, Path root, long millis) {
        this.data = data;
        this.configuration = configuration;
        this.root = root;
        this.millis = millis;
    }

    static synchronized ShardRun undisturbed() throws IOException, InterruptedException {
        if (made == null) {
            Path data = Repository.emptyFolder("shard-set");
            ShardSet.write(data, SEED);
            made = run(data, "shard-run");
        }
        return made;
    }

    /** A run from scratch over the same data set, {@link ShardSet#grow grown}. */
    static synchronized ShardRun grown() throws IOException, InterruptedException {
        if (madeGrown == null) {
            Path data = Repository.emptyFolder("shard-set-grown").resolve("data");
            ShardSet.grow(undisturbed().data(), data, SEED);
            madeGrown = run(data, "shard-run-grown");
        }
        return madeGrown;
    }

    private static ShardRun run(Path data, String name) throws IOException, InterruptedException {
        Path root = Repository.emptyFolder(name);
        Path configuration = ShardSet.configuration(data.resolve("run.conf"), data.toString(), root.toString());
        Submit.Outcome outcome = Submit.run("pipeline", "--conf", configuration.toString(), "--master", "local[2]");
        if (outcome.exit() != 0) {
            throw new AssertionError("the run ended with " + outcome.exit() + "\n" + outcome.errors());
        }
        double seconds = 0;
        for (String stage : new String[] {ShardSet.PHOTOS, ShardSet.CHATS}) {
            seconds +=
                    outcome.result().path("stages").path(stage).path("seconds").asDouble();
        }
        return new ShardRun(data, configuration, root, Math.round(seconds * 1_000));
    }

    /** Folder of the {@link ShardSet}. */
    Path data() {
        return data;
    }

    /** Reads the data from the disk. */
    Path configuration() {
        return configuration;
    }

    /** Folder with a folder a stage. */
    Path root() {
        return root;
    }

    /** How long the stages took, without the start of the process. */
    long millis() {
        return millis;
    }
}
