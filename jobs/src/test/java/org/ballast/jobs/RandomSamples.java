package org.ballast.jobs;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import javax.imageio.ImageIO;
import org.ballast.core.data.Sha256;

/**
 * A data set of OpenMMlo rows made from a seed, with what must become of each row.
 *
 * @param files annotation files in their canonical order, each with its split
 * @param rows in all files
 * @param samples {@code split/sample_id} to the digest of its picture's bytes
 * @param quarantine {@code file:position reason} of each row that cannot be used, sorted
 */
record RandomSamples(List<AnnotationFile> files, int rows, Map<String, String> samples, List<String> quarantine) {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** @param name below the data set's folder */
    record AnnotationFile(String name, String split) {}

    /** What is wrong with a row, if anything. */
    private enum Fate {
        GOOD(null),
        SAME_ID("duplicate-id"),
        NO_ROW("not-a-row"),
        NO_PICTURE("no-image"),
        NO_FILE("image-missing"),
        OUTSIDE("path-escapes-root"),
        CUT("image-truncated"),
        TEXT("not-an-image"),
        EMPTY("image-empty"),
        LABEL("bad-label"),
        NO_CAPTION("missing-field");

        private final String reason;

        Fate(String reason) {
            this.reason = reason;
        }
    }

    /** Writes pictures and annotations below a folder. */
    static RandomSamples write(Path folder, long seed) throws IOException {
        Random random = new Random(seed);
        Path images = Files.createDirectories(folder.resolve("images/a b/ü"));
        List<String> pictures = new ArrayList<>();
        Map<String, String> digests = new HashMap<>();
        for (int i = 0; i < 3 + random.nextInt(40); i++) {
            byte[] bytes = png(random);
            String name = "a b/ü/p" + i + ".png";
            Files.write(folder.resolve("images").resolve(name), bytes);
            pictures.add(name);
            digests.put(name, Sha256.of(bytes));
            if (random.nextInt(5) == 0) {
                String copy = "copy of " + i + ".png";
                Files.write(folder.resolve("images").resolve(copy), bytes);
                pictures.add(copy);
                digests.put(copy, Sha256.of(bytes));
            }
        }
        Files.write(images.resolve("cut.png"), Arrays.copyOf(png(random), 60));
        Files.writeString(images.resolve("text.png"), "no picture, whatever its name says");
        Files.createFile(images.resolve("empty.png"));
        Files.write(folder.resolve("outside.png"), png(random));

        List<AnnotationFile> files = new ArrayList<>();
        Map<String, String> samples = new TreeMap<>();
        List<String> quarantine = new ArrayList<>();
        List<String> ids = new ArrayList<>();
        int rows = 0;
        for (int i = 0; i < 1 + random.nextInt(4); i++) {
            AnnotationFile file = new AnnotationFile("rows-" + i + ".json", random.nextBoolean() ? "train" : "test");
            files.add(file);
            ArrayNode array = JSON.createArrayNode();
            for (int position = 0; position < random.nextInt(60); position++) {
                Fate fate = random.nextInt(3) > 0 ? Fate.GOOD : Fate.values()[random.nextInt(Fate.values().length)];
                if (fate == Fate.SAME_ID && ids.isEmpty()) {
                    fate = Fate.GOOD;
                }
                String id = fate == Fate.SAME_ID ? ids.get(random.nextInt(ids.size())) : "s" + i + "-" + position;
                String picture = pictures.get(random.nextInt(pictures.size()));
                row(array, id, fate, picture);
                if (fate == Fate.GOOD) {
                    ids.add(id);
                    samples.put(file.split() + "/" + id, digests.get(picture));
                } else {
                    quarantine.add(file.name() + ":" + position + " " + fate.reason);
                }
            }
            rows += array.size();
            JSON.writeValue(folder.resolve(file.name()).toFile(), array);
        }
        Collections.sort(quarantine);
        return new RandomSamples(files, rows, samples, quarantine);
    }

    private static void row(ArrayNode rows, String id, Fate fate, String picture) {
        if (fate == Fate.NO_ROW) {
            rows.add("not an object");
            return;
        }
        ObjectNode row = rows.addObject();
        row.put("image_id", id);
        switch (fate) {
            case NO_PICTURE -> row.putNull("image");
            case NO_FILE -> row.put("image", "a b/none.png");
            case OUTSIDE -> row.put("image", "a b/../../outside.png");
            case CUT -> row.put("image", "a b/ü/cut.png");
            case TEXT -> row.put("image", "./a b//ü/text.png");
            case EMPTY -> row.put("image", "a b/ü/empty.png");
            default -> row.put("image", picture);
        }
        if (fate != Fate.NO_CAPTION) {
            row.put("text_input", "A [mask], " + id);
        }
        if (fate == Fate.LABEL) {
            row.put("label", "two");
        } else {
            row.put("label", id.length());
        }
    }

    private static byte[] png(Random random) throws IOException {
        BufferedImage image =
                new BufferedImage(1 + random.nextInt(20), 1 + random.nextInt(20), BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < image.getWidth(); i++) {
            image.setRGB(i, random.nextInt(image.getHeight()), random.nextInt());
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ImageIO.write(image, "png", out);
        return out.toByteArray();
    }
}
