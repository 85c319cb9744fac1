package org.ballast.spark.shard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.ballast.core.data.Domain;
import org.ballast.core.image.ImageInspector;
import org.ballast.core.image.ImageLimits;
import org.ballast.spark.shape.ShapeOptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ShardPlannerTest {
    @TempDir
    Path data;

    @BeforeEach
    void makeData() throws IOException {
        Files.writeString(data.resolve("train.json"), "[]");
        Files.writeString(data.resolve("val.json"), "[]");
        Files.createDirectory(data.resolve("images"));
        Files.writeString(data.resolve("images.tar"), "x");
        Files.writeString(data.resolve("images.zip"), "x");
        Files.writeString(data.resolve("classes.json"), "{\"in_distribution\": [\"cat\"], \"open\": [\"flag\"]}");
    }

    private ShardInput input(String annotations, String images) {
        return ShardInput.openMmlo(
                data.resolve(annotations).toString(),
                data.resolve(images).toString(),
                "train",
                Domain.IN_DISTRIBUTION,
                "s");
    }

    private ShardPlan plan(String classes, ShardInput... inputs) {
        return ShardPlanner.plan(
                new Configuration(),
                new ShardOptions(
                        List.of(inputs),
                        classes == null ? null : data.resolve(classes).toString(),
                        PictureStorage.EMBED,
                        new ImageInspector(
                                new ImageLimits(1 << 20, 1 << 20, 4096), ImageInspector.Check.FULL, 0, false),
                        -1,
                        ShapeOptions.none(),
                        10,
                        10,
                        0.1,
                        1 << 20,
                        0));
    }

    @Test
    void namesAllThatIsMissingAtOnce() {
        assertThatThrownBy(() -> plan(
                        "none.json",
                        input("train.json", "images"),
                        input("gone.json", "images"),
                        input("val.json", "lost")))
                .isInstanceOf(ShardInputException.class)
                .hasMessageContaining("annotation file " + data.resolve("gone.json") + " does not exist")
                .hasMessageContaining("image root " + data.resolve("lost") + " does not exist")
                .hasMessageContaining("class list " + data.resolve("none.json") + " does not exist")
                .hasMessageNotContaining("train.json");
    }

    @Test
    void refusesRootsAndFilesOfAnotherKind() {
        assertThatThrownBy(() -> plan(null, input("images", "images.zip")))
                .hasMessageContaining("images is no file")
                .hasMessageContaining("neither a folder nor a .tar");
        assertThatThrownBy(() -> plan("images.zip", input("train.json", "images")))
                .hasMessageContaining("class list");
    }

    @Test
    void sharesImageRootsAndReadsTheClasses() {
        ShardPlan plan = plan(
                "classes.json",
                input("train.json", "images"),
                input("val.json", "images"),
                input("val.json", "images.tar"));
        assertThat(plan.rootOfInput()).containsExactly(0, 0, 1);
        assertThat(plan.roots()).extracting(ImageRoot::kind).containsExactly(ImageRoot.Kind.FOLDER, ImageRoot.Kind.TAR);
        assertThat(plan.classes().inDistribution()).containsExactly("cat");
    }

    @Test
    void digestsFollowTheContentsOfFiles() throws IOException {
        ShardPlan before = plan(null, input("train.json", "images.tar"));
        assertThat(plan(null, input("train.json", "images.tar")).digests()).isEqualTo(before.digests());
        Files.writeString(data.resolve("train.json"), "[1]");
        ShardPlan rows = plan(null, input("train.json", "images.tar"));
        assertThat(rows.digests()).isNotEqualTo(before.digests());
        Files.writeString(data.resolve("images.tar"), "y");
        assertThat(plan(null, input("train.json", "images.tar")).digests()).isNotEqualTo(rows.digests());
    }
}
