package org.ballast.tests;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;

/** Parts of the emoji sample, and configurations that read them. */
final class Sample {
    /** Rows of the first splits that a tiny run reads. */
    static final int TRAIN = 120;

    static final int HELD_OUT = 20;
    /** A row that tiny runs find at the end of their training conversations; its picture does not exist. */
    static final String BROKEN_ROW = "broken/describe";

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> HELD_OUT_SPLITS = List.of("test", "compositional");

    private Sample() {}

    /** Writes the first rows of each split into a folder, beside the pictures. */
    static void tiny(Path folder) throws IOException {
        companions(folder);
        write(folder, "openmmlo-train", first(read("openmmlo-train"), TRAIN, row -> true));
        write(folder, "openmmlo-open", first(read("openmmlo-open"), HELD_OUT, row -> true));
        for (String split : HELD_OUT_SPLITS) {
            write(folder, "openmmlo-" + split, first(read("openmmlo-" + split), HELD_OUT, row -> true));
            write(folder, "instruct-" + split, first(read("instruct-" + split), HELD_OUT, row -> true));
        }
        ArrayNode conversations = first(read("instruct-train"), TRAIN, row -> true);
        ObjectNode broken = conversations.get(0).deepCopy();
        conversations.add(broken.put("id", BROKEN_ROW).put("image", "images/no-such-picture.png"));
        write(folder, "instruct-train", conversations);
        for (String kind : List.of("random", "popular", "adversarial")) {
            ArrayNode questions = JSON.createArrayNode();
            for (String split : HELD_OUT_SPLITS) {
                questions.addAll(first(read("pope-" + kind), HELD_OUT, row -> row.get("split")
                        .asText()
                        .equals(split)));
            }
            write(folder, "pope-" + kind, questions);
        }
    }

    /** Writes a configuration of the test resources into a folder that holds a sample, and names that folder in it. */
    static Path configuration(Path folder, String name) throws IOException {
        try (InputStream in = Sample.class.getResourceAsStream("/" + name)) {
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            return Files.writeString(folder.resolve(name), text.replace("SAMPLE/", folder + "/"));
        }
    }

    /** Pictures, class names and tokenizer. */
    static void companions(Path folder) throws IOException {
        for (String name : List.of("images.tar.gz", "classes.json", "tokenizer.json")) {
            Files.copy(Repository.SAMPLE.resolve(name), folder.resolve(name));
        }
    }

    /** Writes the first descriptions of the training split into a folder, beside the pictures. */
    static void descriptions(Path folder, int count) throws IOException {
        companions(folder);
        write(folder, "instruct-train", first(read("instruct-train"), count, row -> row.get("id")
                .asText()
                .endsWith("/describe")));
    }

    static ArrayNode read(String name) throws IOException {
        return (ArrayNode)
                JSON.readTree(Repository.SAMPLE.resolve(name + ".json").toFile());
    }

    static void write(Path folder, String name, JsonNode rows) throws IOException {
        JSON.writeValue(folder.resolve(name + ".json").toFile(), rows);
    }

    static ArrayNode first(ArrayNode rows, int count, Predicate<JsonNode> wanted) {
        ArrayNode first = JSON.createArrayNode();
        for (JsonNode row : rows) {
            if (first.size() < count && wanted.test(row)) {
                first.add(row);
            }
        }
        return first;
    }
}
