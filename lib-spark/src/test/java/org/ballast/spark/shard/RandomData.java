package org.ballast.spark.shard;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.ballast.core.data.Domain;

/**
 * A data set that changes: annotation files over a folder of pictures, with repeated ids, equal pictures under several
 * names, pictures that are missing or broken, and rows that are none. All by a seed.
 */
final class RandomData {
    private static final int NAMES = 24;

    private final SplittableRandom random;
    private final Path folder;
    private final List<List<String>> files = new ArrayList<>();
    private long clock = 1_700_000_000_000L;
    private int next;

    RandomData(long seed, Path folder) throws IOException {
        this.random = new SplittableRandom(seed);
        this.folder = folder;
        Files.createDirectories(folder.resolve("images"));
        for (int i = 0; i < NAMES; i++) {
            if (random.nextInt(6) > 0) {
                picture(i);
            }
        }
        for (int i = 0; i < 3; i++) {
            files.add(new ArrayList<>());
            for (int row = 0; row < 12; row++) {
                files.get(i).add(row());
            }
        }
        store();
    }

    /** Changes about a third of everything; {@code added} rows come in any case. */
    void change() throws IOException {
        for (int i = 0; i < NAMES; i++) {
            switch (random.nextInt(8)) {
                case 0 -> picture(i);
                case 1 -> Files.deleteIfExists(path(i));
                default -> {}
            }
        }
        for (List<String> rows : files) {
            switch (random.nextInt(4)) {
                case 0 -> rows.remove(random.nextInt(rows.size()));
                case 1 -> rows.set(random.nextInt(rows.size()), row());
                case 2 -> rows.add(random.nextInt(rows.size()), rows.get(random.nextInt(rows.size())));
                default -> {}
            }
            rows.add(random.nextInt(rows.size() + 1), row());
        }
        if (random.nextInt(3) == 0) {
            files.add(new ArrayList<>(List.of(row(), row())));
        }
        store();
    }

    /** One input a file: samples of two splits, and prompts. */
    ShardInput[] inputs(String window) {
        ShardInput[] inputs = new ShardInput[files.size()];
        for (int i = 0; i < inputs.length; i++) {
            boolean prompts = i % 3 == 2;
            inputs[i] = new ShardInput(
                    prompts ? AnnotationLayout.LLAVA_INSTRUCT : AnnotationLayout.OPENMMLO,
                    file(i).toString(),
                    folder.toString(),
                    i % 3 == 1 ? "val" : "train",
                    Domain.IN_DISTRIBUTION,
                    "test",
                    "",
                    null,
                    null,
                    window);
        }
        return inputs;
    }

    private Path file(int i) {
        return folder.resolve("rows-%d.json".formatted(i));
    }

    private Path path(int name) {
        return folder.resolve("images/p%02d.png".formatted(name));
    }

    /** Few shades, so that pictures repeat; a broken one now and then. */
    private void picture(int name) throws IOException {
        byte[] bytes = ShardRuns.png(random.nextInt(12));
        if (random.nextInt(8) == 0) {
            bytes = java.util.Arrays.copyOf(bytes, bytes.length - 30);
        }
        Files.write(path(name), bytes);
        clock += 1_000;
        Files.setLastModifiedTime(path(name), FileTime.fromMillis(clock));
    }

    private String row() {
        int id = random.nextInt(4) == 0 ? random.nextInt(20) : 100 + next++;
        int picture = random.nextInt(NAMES);
        int words = random.nextInt(1_000);
        return switch (random.nextInt(12)) {
            case 0 -> "17";
            case 1 -> "{\"image_id\": \"x%d\", \"id\": \"x%d\", \"text_input\": \"no picture\"}".formatted(id, id);
            default -> """
                {"image_id": "s%d", "id": "c%d", "image": "images/p%02d.png", "text_input": "words %d", "label": %d, \
                "conversations": [{"from": "human", "value": "What %d?"}, {"from": "gpt", "value": "This."}, \
                {"from": "human", "value": "And?"}, {"from": "gpt", "value": "That %d."}]}"""
                    .formatted(id, id, picture, words, words % 3, words, words);
        };
    }

    private void store() throws IOException {
        for (int i = 0; i < files.size(); i++) {
            Files.writeString(file(i), "[" + String.join(",\n", files.get(i)) + "]");
        }
    }
}
