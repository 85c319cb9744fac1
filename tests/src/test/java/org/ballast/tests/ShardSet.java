package org.ballast.tests;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.zip.GZIPOutputStream;
import javax.imageio.ImageIO;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/**
 * A data set made from a seed: pictures of noise in a folder and in a packed tar, rows of samples and of conversations
 * about them, and among both some that belong into quarantine. Two stages read it, {@value #PHOTOS} and {@value #CHATS}.
 */
final class ShardSet {
    static final String PHOTOS = "photos";
    static final String CHATS = "chats";
    static final int PICTURES = 240;
    static final int SAMPLES = 400;
    static final int CONVERSATIONS = 60;
    /** Pictures that are new in a data set that has grown. */
    static final int GROWN = 12;
    /** Rows of the samples with each fault. */
    static final int FAULTS = 3;

    private static final ObjectMapper JSON = new ObjectMapper();

    private ShardSet() {}

    /** Writes the data set into a folder. */
    static void write(Path folder, long seed) throws IOException {
        SplittableRandom random = new SplittableRandom(seed);
        Path pictures = Files.createDirectories(folder.resolve("pictures/deep"));
        Path packed = folder.resolve("pictures.tar.gz");
        try (OutputStream out = Files.newOutputStream(packed);
                TarArchiveOutputStream tar = new TarArchiveOutputStream(new GZIPOutputStream(out))) {
            for (int i = 0; i < PICTURES; i++) {
                byte[] png = noise(random);
                Files.write(pictures.resolve(picture(i)), png);
                TarArchiveEntry entry = new TarArchiveEntry("deep/" + picture(i));
                entry.setSize(png.length);
                tar.putArchiveEntry(entry);
                tar.write(png);
                tar.closeArchiveEntry();
            }
        }
        byte[] whole = Files.readAllBytes(pictures.resolve(picture(0)));
        Files.write(pictures.resolve("cut.png"), Arrays.copyOf(whole, whole.length / 2));
        Files.writeString(pictures.resolve("text.png"), "no picture");
        JSON.writeValue(folder.resolve("train.json").toFile(), samples(random, "train"));
        JSON.writeValue(folder.resolve("test.json").toFile(), samples(random, "test"));
        JSON.writeValue(folder.resolve("chats.json").toFile(), conversations(random));
    }

    /**
     * Makes of a data set another that has grown: further pictures and samples of them, and one row that says something else.
     */
    static void grow(Path from, Path to, long seed) throws IOException {
        Repository.copy(from, to);
        SplittableRandom random = new SplittableRandom(seed);
        ArrayNode rows = (ArrayNode) JSON.readTree(to.resolve("train.json").toFile());
        ((ObjectNode) rows.get(0)).put("text_input", "Said anew.");
        for (int i = 0; i < GROWN; i++) {
            String picture = "deep/new-" + i + ".png";
            Files.write(to.resolve("pictures").resolve(picture), noise(random));
            sample(rows, "train-new-" + i, picture, random.nextInt(5));
            sample(rows, "train-more-" + i, "deep/" + picture(random.nextInt(PICTURES)), random.nextInt(5));
        }
        sample(rows, "train-new-gone", "deep/none-at-all.png", 1);
        JSON.writeValue(to.resolve("train.json").toFile(), rows);
    }

    /** What is new or other in a data set that has grown. */
    static List<Path> changed(Path grown) {
        List<Path> changed = new ArrayList<>(List.of(grown.resolve("train.json")));
        for (int i = 0; i < GROWN; i++) {
            changed.add(grown.resolve("pictures/deep/new-" + i + ".png"));
        }
        return changed;
    }

    /**
     * A configuration of both stages.
     *
     * @param data folder or URI of the data set
     * @param root where the stages go
     */
    static Path configuration(Path file, String data, String root) throws IOException {
        return Files.writeString(
                file,
                """
                root = "%2$s"
                stages {
                  photos {
                    job = shard
                    format = openmmlo
                    images = "%1$s/pictures"
                    sources = [
                      { split = train, annotations = "%1$s/train.json" }
                      { split = test, annotations = "%1$s/test.json" }
                    ]
                    max-failure-rate = 0.5
                    wave-rows = 250
                    wave-pictures = 100
                    target-file-bytes = 400000
                    execution.lease-seconds = 600
                  }
                  chats {
                    job = shard
                    format = llava-instruct
                    images = "%1$s/pictures.tar.gz"
                    sources = [{ split = train, annotations = "%1$s/chats.json" }]
                    max-failure-rate = 0.5
                  }
                }
                """
                        .formatted(data, root));
    }

    private static String picture(int number) {
        return "p%03d.png".formatted(number);
    }

    private static byte[] noise(SplittableRandom random) throws IOException {
        BufferedImage image =
                new BufferedImage(random.nextInt(16, 64), random.nextInt(16, 64), BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < image.getHeight(); y++) {
            for (int x = 0; x < image.getWidth(); x++) {
                image.setRGB(x, y, random.nextInt());
            }
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ImageIO.write(image, "png", out);
        return out.toByteArray();
    }

    private static ArrayNode samples(SplittableRandom random, String split) {
        ArrayNode rows = JSON.createArrayNode();
        for (int i = 0; i < SAMPLES / 2; i++) {
            sample(rows, split + "-" + i, "deep/" + picture(random.nextInt(PICTURES)), random.nextInt(5));
        }
        for (int i = 0; i < FAULTS; i++) {
            int at = random.nextInt(rows.size());
            rows.insert(at, rows.get(random.nextInt(SAMPLES / 2)).deepCopy());
            sample(rows, split + "-gone-" + i, "deep/none-" + i + ".png", 1);
            sample(rows, split + "-cut-" + i, "deep/cut.png", 1);
            sample(rows, split + "-text-" + i, "deep/../deep/text.png", 1);
            sample(rows, split + "-out-" + i, "../train.json", 1);
        }
        return rows;
    }

    private static void sample(ArrayNode rows, String id, String image, int label) {
        rows.addObject()
                .put("image_id", id)
                .put("image", image)
                .put("text_input", "A picture of " + id + ".")
                .put("label", label);
    }

    private static ArrayNode conversations(SplittableRandom random) {
        ArrayNode rows = JSON.createArrayNode();
        for (int i = 0; i < CONVERSATIONS; i++) {
            ObjectNode row = rows.addObject();
            row.put("id", "chat-" + i).put("image", "deep/" + picture(random.nextInt(PICTURES)));
            ArrayNode turns = row.putArray("conversations");
            for (int turn = 0; turn <= random.nextInt(3); turn++) {
                turns.addObject().put("from", "human").put("value", (turn == 0 ? "<image>\n" : "") + "What? " + turn);
                turns.addObject().put("from", "gpt").put("value", "Noise, says answer " + turn + ".");
            }
        }
        rows.addObject()
                .put("id", "chat-gone")
                .put("image", "deep/none.png")
                .set("conversations", rows.get(0).get("conversations"));
        return rows;
    }
}
