package org.ballast.spark.negative;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.core.data.Domain;
import org.ballast.core.data.RowAccount;
import org.ballast.core.data.Sample;
import org.ballast.core.negative.MatchRule;
import org.ballast.core.negative.RetrievedNegative;
import org.ballast.core.negative.RetrievedNegative.Candidate;
import org.ballast.core.negative.RetrievedNegative.Match;
import org.ballast.spark.SparkExtension;
import org.ballast.spark.io.Manifest;
import org.ballast.spark.io.RunHeader;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.StageInputException;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Tables;
import org.ballast.spark.io.Waves;
import org.ballast.spark.rows.SampleRows;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The search on Spark against the plain one, which compares each with each in one place. */
@ExtendWith(SparkExtension.class)
class NeighboursTest {
    private static final long EXACT = Long.MAX_VALUE;

    private final SparkSession spark;

    @TempDir
    Path root;

    NeighboursTest(SparkSession spark) {
        this.spark = spark;
    }

    private StageFolder open(String stage) {
        StageFolder folder = StageFolder.of(new Configuration(), root.toString(), stage);
        folder.open(RunHeader.now(stage, "test", "c", Map.of()), false);
        return folder;
    }

    private static RetrieveOptions options(MatchRule rule, long exactBelow, int probes) {
        return new RetrieveOptions("train", rule, 3, exactBelow, 0, probes, 17);
    }

    /** Ids of the matches by prompt, those of each the best first. */
    private static Map<String, List<String>> ids(Dataset<Row> found) {
        Map<String, List<String>> ids = new HashMap<>();
        for (Row row : found.collectAsList()) {
            List<Row> matches = row.getList(1);
            assertThat(ids.put(
                            row.getString(0),
                            matches.stream()
                                    .map(match -> match.<String>getAs("id"))
                                    .toList()))
                    .as("one row a prompt")
                    .isNull();
        }
        return ids;
    }

    private static Map<String, List<String>> plain(Dataset<Row> embedded, MatchRule rule) {
        List<Candidate> queries = new ArrayList<>();
        List<Candidate> candidates = new ArrayList<>();
        for (Row row : embedded.collectAsList()) {
            queries.add(Embedded.candidate(row));
            if (row.<Boolean>getAs("candidate")) {
                candidates.add(Embedded.candidate(row));
            }
        }
        List<List<Match>> found = new RetrievedNegative(candidates, rule).negativesFor(queries, 3);
        Map<String, List<String>> ids = new HashMap<>();
        for (int i = 0; i < queries.size(); i++) {
            if (!found.get(i).isEmpty()) {
                ids.put(
                        queries.get(i).id(),
                        found.get(i).stream()
                                .map(match -> match.candidate().id())
                                .toList());
            }
        }
        return ids;
    }

    @Test
    void comparesEachWithEachWhereThereAreFew() {
        Dataset<Row> embedded = new ClusteredEmbeddings(24, 10, 1, 3).rows(spark, 700, 3);
        for (MatchRule rule : List.of(MatchRule.ANY, new MatchRule(true, 0.1, 0.6))) {
            Map<String, List<String>> found =
                    ids(Neighbours.among(spark, open("exact" + rule.otherClass()), embedded, options(rule, EXACT, 8)));
            assertThat(found).isEqualTo(plain(embedded, rule)).hasSizeGreaterThan(600);
        }
    }

    @Test
    void cellsThatAreAllSearchedGiveTheSame() {
        Dataset<Row> embedded = new ClusteredEmbeddings(24, 10, 1, 3).rows(spark, 700, 3);
        MatchRule rule = new MatchRule(true, -1, 1);
        assertThat(ids(Neighbours.among(spark, open("all"), embedded, options(rule, 0, 1000))))
                .isEqualTo(plain(embedded, rule));
    }

    @Test
    void mostNearestNeighboursAreInTheCellsThatAreSearched() {
        Dataset<Row> embedded = new ClusteredEmbeddings(64, 60, 0.8, 0).rows(spark, 6000, 4);
        Map<String, List<String>> exact = plain(embedded, MatchRule.ANY);
        Map<String, List<String>> found =
                ids(Neighbours.among(spark, open("cells"), embedded, options(MatchRule.ANY, 1000, 8)));
        long first = exact.entrySet().stream()
                .filter(entry -> entry.getValue()
                        .get(0)
                        .equals(found.getOrDefault(entry.getKey(), List.of("")).get(0)))
                .count();
        double recall = (double) first / exact.size();
        assertThat(recall).as("8 of 73 cells").isGreaterThan(0.9);

        // the same whatever the partitions
        assertThat(ids(Neighbours.among(
                        spark,
                        open("again"),
                        embedded.repartition(7).sortWithinPartitions("response"),
                        options(MatchRule.ANY, 1000, 8))))
                .isEqualTo(found);
    }

    @Test
    void promptsWithoutAMatchSearchMoreCells() {
        // a class fills more cells than are searched at first
        Dataset<Row> embedded = new ClusteredEmbeddings(24, 2, 1.5, 2).rows(spark, 1600, 3);
        MatchRule rule = new MatchRule(true, -1, 1);
        StageFolder stage = open("wider");
        Map<String, List<String>> found = ids(Neighbours.among(spark, stage, embedded, options(rule, 0, 1)));
        Waves waves = Waves.of(stage, Neighbours.TABLE);
        long atFirst = waves.read(spark, 0).count();
        long later = waves.read(spark, 1).count();
        assertThat(later).isPositive();
        assertThat(atFirst + later).isEqualTo(found.size());
        assertThat(found.size()).isGreaterThan(1500);
        Map<String, Integer> classes = new HashMap<>();
        embedded.collectAsList()
                .forEach(row ->
                        classes.put(row.getString(0), row.<Integer>getList(3).get(0)));
        found.forEach((id, matches) -> assertThat(matches)
                .allSatisfy(match -> assertThat(classes.get(match)).isNotEqualTo(classes.get(id))));
    }

    @Test
    void anUpperEndOfTheWindowIsFoundThoughTheNearestAreBeyondIt() {
        Dataset<Row> embedded = new ClusteredEmbeddings(64, 40, 0.5, 0).rows(spark, 3000, 3);
        MatchRule rule = new MatchRule(false, -1, 0.5);
        Map<String, List<String>> found = ids(Neighbours.among(spark, open("window"), embedded, options(rule, 0, 8)));
        assertThat(found.size()).isGreaterThan(2900);
        for (Row row : Waves.of(open("window"), Neighbours.TABLE).read(spark).collectAsList()) {
            row.<Row>getList(1).forEach(match -> assertThat(match.<Float>getAs("similarity"))
                    .isLessThanOrEqualTo(0.5f));
        }
    }

    private static final StructType ROWS = new StructType()
            .add("prompt_id", DataTypes.StringType)
            .add("image_id", DataTypes.StringType)
            .add("kind", DataTypes.StringType)
            .add("label", DataTypes.IntegerType)
            .add("split", DataTypes.StringType)
            .add("response", DataTypes.StringType);

    private Dataset<Row> rows() {
        return spark.createDataFrame(
                List.of(
                        RowFactory.create("a", "i1", "describe", 3, "train", "A sparrow sits on a branch."),
                        RowFactory.create("b", "i2", "describe", null, "train", "A sparrow on a branch."),
                        RowFactory.create("c", "i3", "describe", 4, "train", "A finch sits on a fence."),
                        RowFactory.create("d", "i4", "question", null, "train", "A sparrow sits on a branch!"),
                        RowFactory.create("e", "i5", null, -1, "val", "A sparrow."),
                        RowFactory.create("f", "i6", "describe", -1, "val", "A sparrow sits on branches."),
                        RowFactory.create("g", null, "describe", 9, "train", "A sparrow sits on a twig.")),
                ROWS);
    }

    /** A stage whose samples say that b's picture is of class 3. */
    private StageFolder data() {
        StageFolder data = open("data");
        Sample sample = new Sample("s", "i2", "c", false, 3, "sparrow", Domain.IN_DISTRIBUTION, "train", "s", null);
        Tables.write(
                spark.createDataFrame(List.of(SampleRows.toRow(sample)), SampleRows.SCHEMA),
                data,
                Table.SAMPLES,
                1 << 20);
        data.commit(new Manifest(
                data.header(), "{}", "v", Map.of(), Map.of(), new RowAccount(1, 1, 0), Map.of(), Map.of()));
        return data;
    }

    @Test
    void classesAreThoseOfPromptsAndOfSamplesAndASplitIsLookedThrough() {
        StageFolder data = data();
        Map<String, List<String>> other = ids(Neighbours.of(
                spark,
                open("other"),
                new Responses(List.of(data), rows(), rows()),
                options(new MatchRule(true, -1, 1), EXACT, 8)));
        assertThat(other).containsOnlyKeys("a", "b", "c", "f");
        assertThat(other.get("a")).as("b is of its class by its sample").containsExactly("c");
        assertThat(other.get("c")).containsExactlyInAnyOrder("a", "b");
        assertThat(other.get("f"))
                .as("no class: any other picture")
                .startsWith("a")
                .hasSize(3);
        Dataset<Row> any = Neighbours.of(
                spark, open("any"), new Responses(List.of(data), rows(), rows()), options(MatchRule.ANY, EXACT, 8));
        assertThat(ids(any).get("a")).startsWith("b");
        assertThat(Neighbours.add(rows(), any).filter("retrieved is null").count())
                .isEqualTo(3);
        assertThatThrownBy(() -> Neighbours.of(
                        spark,
                        open("none"),
                        new Responses(List.of(data), rows(), rows()),
                        new RetrieveOptions("test", MatchRule.ANY, 3, EXACT, 0, 8, 17)))
                .isInstanceOf(StageInputException.class)
                .hasMessageContaining("retrieve.split is test");
    }

    @Test
    void onlyWhatIsAskedForSearchesAndAllAreLookedThrough() {
        StageFolder data = data();
        RetrieveOptions options = options(MatchRule.ANY, EXACT, 8);
        Map<String, List<String>> all =
                ids(Neighbours.of(spark, open("whole"), new Responses(List.of(data), rows(), rows()), options));
        StageFolder stage = open("some");
        Dataset<Row> some = rows().filter("prompt_id in ('b', 'f', 'g')");
        assertThat(ids(Neighbours.of(spark, stage, new Responses(List.of(data), rows(), some), options)))
                .isEqualTo(Map.of("b", all.get("b"), "f", all.get("f")));
        assertThat(Waves.of(stage, Embedded.TABLE)
                        .read(spark)
                        .select("prompt_id")
                        .collectAsList())
                .as("e neither searches nor is in the split that is looked through")
                .map(row -> row.getString(0))
                .containsExactlyInAnyOrder("a", "b", "c", "d", "f");
    }

    @Test
    void aContinuedRunReadsWhatWasFound() {
        StageFolder data = data();
        StageFolder stage = open("continued");
        RetrieveOptions options = options(MatchRule.ANY, EXACT, 8);
        Map<String, List<String>> found =
                ids(Neighbours.of(spark, stage, new Responses(List.of(data), rows(), rows()), options));
        Dataset<Row> gone = spark.createDataFrame(List.of(), ROWS);
        assertThat(ids(Neighbours.of(spark, stage, new Responses(List.of(data), gone, gone), options)))
                .isEqualTo(found);
        Waves.of(stage, Neighbours.TABLE).discard(1);
        assertThat(ids(Neighbours.of(spark, stage, new Responses(List.of(data), rows(), rows()), options)))
                .isEqualTo(found);
    }

    @Test
    void badOptionsAreNamed() {
        assertThatThrownBy(() -> new RetrieveOptions("train", MatchRule.ANY, 0, 1, 0, 8, 0))
                .hasMessageContaining("matches of a prompt must be at least 1, was 0");
        assertThatThrownBy(() -> new RetrieveOptions("train", MatchRule.ANY, 1, 1, 70_000, 8, 0))
                .hasMessageContaining("cells must be in 0 .. 65536");
        assertThat(options(MatchRule.ANY, 1, 8).cellsFor(200_000)).isEqualTo(447);
        assertThat(new RetrieveOptions("train", MatchRule.ANY, 1, 1, 100, 8, 0).cellsFor(30))
                .isEqualTo(30);
    }
}
