package org.ballast.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import javax.imageio.ImageIO;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Test;

/** Pictures that are weakened in the executors and answered by a model server. */
final class WeakenedByServerIT {
    private static final int PICTURES = 12;
    private static final int EDGE = 64;
    private static final String DATA_URI = "data:image/png;base64,";
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Pictures that the server was shown. */
    private final Set<Integer> shown = ConcurrentHashMap.newKeySet();

    /** What was wrong with requests. */
    private final Set<String> faults = ConcurrentHashMap.newKeySet();

    @Test
    void answersWhatItIsShown() throws Exception {
        Path folder = Repository.emptyFolder("weakened-by-server");
        Path sample = Files.createDirectories(folder.resolve("sample"));
        Sample.descriptions(sample, PICTURES);
        Path root = folder.resolve("root");
        try (ChatServer server = new ChatServer(10, 5, this::reply)) {
            Path configuration = Files.writeString(
                    folder.resolve("run.conf"),
                    """
                    seed = 17
                    stages {
                      data {
                        job = shard, format = llava-instruct, images = "%1$s/images.tar.gz"
                        sources = [{ split = train, annotations = "%1$s/instruct-train.json" }]
                      }
                      negatives {
                        job = negatives
                        inputs { data = data }
                        weaken { backend = chat, step = [500, 900] }
                        retrieve.enabled = false
                        chat {
                          endpoints = ["%2$s"], model = fake, weakened-edge = %3$d
                          retries { first-wait-seconds = 0.05, longest-wait-seconds = 0.5 }
                        }
                        quality { rules = [] }
                      }
                    }
                    """
                            .formatted(sample, server.base(), EDGE));
            Submit.Outcome outcome = TinyRun.pipeline(configuration, root, "local[2]");

            assertThat(outcome.exit()).as(outcome.errors()).isZero();
            assertThat(faults).isEmpty();
            assertThat(shown).hasSize(PICTURES);
            List<String> answers = answers(root);
            assertThat(answers).hasSize(PICTURES).doesNotHaveDuplicates();
            assertThat(TinyRun.pipeline(configuration, root, "local[2]").state("negatives"))
                    .isEqualTo("up-to-date");

            Submit.Outcome forced =
                    TinyRun.pipeline(configuration, root, "local[2]", "--stage", "negatives", "--force");
            assertThat(forced.exit()).as(forced.errors()).isZero();
            assertThat(shown).as("the same noise").hasSize(PICTURES);
            assertThat(answers(root)).isEqualTo(answers);
        }
    }

    private static List<String> answers(Path root) throws IOException {
        List<Row> rows = Stored.table(root, "negatives", "completions").collectAsList();
        for (Row row : rows) {
            assertThat(row.<String>getAs("type")).isEqualTo("mllm-hal");
            assertThat(JSON.readTree(row.<String>getAs("parameters"))
                            .get("step")
                            .asInt())
                    .isBetween(500, 900);
        }
        return rows.stream()
                .map(row -> row.<String>getAs("prompt_id") + ": " + row.getAs("response"))
                .sorted()
                .toList();
    }

    /** Names the picture by its content. */
    private String reply(JsonNode request) {
        JsonNode content = request.path("messages").path(0).path("content");
        int pictures = 0;
        int name = 0;
        for (JsonNode part : content) {
            if (part.path("type").asText().equals("image_url")) {
                pictures++;
                name = name(part.path("image_url").path("url").asText());
            }
        }
        if (pictures != 1) {
            faults.add(pictures + " pictures in " + content);
        }
        shown.add(name);
        return "A thing that looks like number " + name;
    }

    private int name(String uri) {
        if (!uri.startsWith(DATA_URI)) {
            faults.add("picture " + uri.substring(0, Math.min(uri.length(), 40)));
            return 0;
        }
        try {
            BufferedImage picture = ImageIO.read(
                    new ByteArrayInputStream(Base64.getDecoder().decode(uri.substring(DATA_URI.length()))));
            if (picture.getWidth() != EDGE || picture.getHeight() != EDGE) {
                faults.add("a picture of " + picture.getWidth() + " x " + picture.getHeight());
            }
            return Arrays.hashCode(picture.getRGB(0, 0, picture.getWidth(), picture.getHeight(), null, 0, EDGE));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
