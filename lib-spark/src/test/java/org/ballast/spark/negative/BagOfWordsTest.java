package org.ballast.spark.negative;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.ballast.spark.SparkExtension;
import org.ballast.spark.negative.NegativeMetrics.WordTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(SparkExtension.class)
class BagOfWordsTest {
    private static final long SEED = 17;
    private static final int MOST = 20_000;
    private static final StructType SCHEMA = StructType.fromDDL(
            "completion_id string, prompt_id string, image_id string, positive string, negative string");

    private final SparkSession spark;

    BagOfWordsTest(SparkSession spark) {
        this.spark = spark;
    }

    private static Row pair(int number, String picture, String positive, String negative) {
        return RowFactory.create("c" + number, "p" + number, picture, positive, negative);
    }

    /** Words w0 .. w39, of which a text holds eight. */
    private static String text(Random random) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 8; i++) {
            text.append("w").append(random.nextInt(40)).append(' ');
        }
        return text.toString();
    }

    private static List<Row> alike(int pairs) {
        Random random = new Random(5);
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < pairs; i++) {
            rows.add(pair(i, "picture " + i / 2, text(random), text(random)));
        }
        return rows;
    }

    private Dataset<Row> pairs(List<Row> rows) {
        return spark.createDataFrame(rows, SCHEMA);
    }

    private WordTest test(List<Row> rows) {
        return BagOfWords.of(pairs(rows), MOST, SEED).orElseThrow();
    }

    @Test
    void tellsTextsWithAWordOfTheirOwnApart() {
        Random random = new Random(3);
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            rows.add(pair(i, "picture " + i / 2, text(random) + "indeed", text(random) + "perhaps"));
        }

        WordTest found = test(rows);

        assertThat(found.pairs()).isEqualTo(200);
        assertThat(found.pictures()).isEqualTo(100);
        assertThat(found.vocabulary()).isEqualTo(42);
        assertThat(found.accuracy()).isGreaterThan(0.95);
    }

    @Test
    void findsNothingInTextsOfOneDistribution() {
        WordTest found = test(alike(1000));

        assertThat(found.standardError()).isEqualTo(Math.sqrt(found.accuracy() * (1 - found.accuracy()) / 1000));
        assertThat(found.accuracy()).isCloseTo(0.5, within(3 * found.standardError()));
    }

    @Test
    void callsTheSameWordsInAnotherOrderATie() {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            rows.add(pair(i, "picture " + i, "the cat on the mat " + i, "The mat on the cat, " + i));
        }

        assertThat(test(rows)).isEqualTo(new WordTest(60, 60, 0, 0.5, Math.sqrt(0.25 / 60)));
    }

    /** The word of a picture stands in all its positives: known only to who saw the picture in training. */
    @Test
    void learnsNothingFromThePictureThatItIsJudgedOn() {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < 400; i++) {
            int picture = i / 10;
            rows.add(pair(i, "picture " + picture, "subject" + picture, "other" + picture));
        }

        assertThat(test(rows).accuracy()).isEqualTo(0.5);
    }

    @Test
    void putsEveryPictureIntoOneFold() {
        Map<String, Set<Integer>> folds = new HashMap<>();
        Set<Integer> all = new HashSet<>();
        for (Row row : BagOfWords.sample(pairs(alike(1000)), MOST, SEED).collectAsList()) {
            folds.computeIfAbsent(row.getAs("picture"), picture -> new HashSet<>())
                    .add(row.getAs("fold"));
            all.add(row.getAs("fold"));
        }

        assertThat(folds).hasSize(500).allSatisfy((picture, its) -> assertThat(its)
                .hasSize(1));
        assertThat(all).containsExactlyInAnyOrder(0, 1, 2, 3, 4);
    }

    @Test
    void isTheSameHoweverThePairsArePartitioned() {
        List<Row> rows = alike(600);
        WordTest found = BagOfWords.of(pairs(rows), 300, SEED).orElseThrow();

        assertThat(found.pairs()).isEqualTo(300);
        assertThat(BagOfWords.of(pairs(rows).repartition(7), 300, SEED)).contains(found);
        assertThat(BagOfWords.of(pairs(rows).coalesce(1), 300, SEED)).contains(found);
    }

    @Test
    void takesAPromptWithoutAPictureForItself() {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < 80; i++) {
            rows.add(pair(i, null, "right " + i, "wrong " + i));
        }

        assertThat(test(rows).pictures()).isEqualTo(80);
        assertThat(test(rows).accuracy()).isEqualTo(1);
    }

    @Test
    void givesNoFigureForTooFew() {
        assertThat(BagOfWords.of(pairs(alike(49)), MOST, SEED)).isEmpty();
        assertThat(BagOfWords.of(pairs(alike(1000)), 49, SEED)).isEmpty();
        List<Row> fewPictures = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            fewPictures.add(pair(i, "picture " + i % 4, "right", "wrong"));
        }
        assertThat(BagOfWords.of(pairs(fewPictures), MOST, SEED)).isEmpty();
    }
}
