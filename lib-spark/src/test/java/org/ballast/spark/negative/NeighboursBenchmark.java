package org.ballast.spark.negative;

import static org.apache.spark.sql.functions.col;

import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.ballast.core.negative.MatchRule;
import org.ballast.core.negative.RetrievedNegative;
import org.ballast.core.negative.RetrievedNegative.Candidate;
import org.ballast.core.negative.RetrievedNegative.Match;
import org.ballast.spark.io.RunHeader;
import org.ballast.spark.io.StageFolder;

/**
 * Seconds that {@link Neighbours} takes by cells, embeddings at hand, and how often the most similar response is found, on some of the queries. Run by hand:
 * {@code java -Xmx4g -cp <test class path> org.ballast.spark.negative.NeighboursBenchmark <rows> <dimensions> <centres> <noise> <probes> <folder>}.
 */
final class NeighboursBenchmark {
    private static final int COMPARED = 500;

    private NeighboursBenchmark() {}

    public static void main(String[] args) throws Exception {
        int count = Integer.parseInt(args[0]);
        var embeddings = new ClusteredEmbeddings(
                Integer.parseInt(args[1]), Integer.parseInt(args[2]), Double.parseDouble(args[3]), 0);
        int probes = Integer.parseInt(args[4]);
        Path folder = Files.createTempDirectory(Path.of(args[5]), "neighbours");
        try (SparkSession spark = SparkSession.builder()
                .master("local[2]")
                .config("spark.ui.enabled", "false")
                .config("spark.log.level", "WARN")
                .config("spark.local.dir", folder.toString())
                .getOrCreate()) {
            String stored = folder.resolve("embedded").toString();
            embeddings.rows(spark, count, 16).write().parquet(stored);
            Dataset<Row> embedded = spark.read().schema(Embedded.SCHEMA).parquet(stored);
            StageFolder stage = StageFolder.of(new Configuration(), folder.toString(), "stage");
            stage.open(RunHeader.now("stage", "test", "c", Map.of()), false);
            long begin = System.nanoTime();
            double processor = processor();
            var options = new RetrieveOptions("train", MatchRule.ANY, 3, 100_000, 0, probes, 17);
            CellIndex.of(spark, stage, embedded, options);
            double index = (System.nanoTime() - begin) / 1e9;
            Dataset<Row> found = Neighbours.among(spark, stage, embedded, options);
            System.out.printf(
                    Locale.ROOT,
                    "%d rows: %.1f s, of these %.1f s for the cells; %.1f s of processors%n",
                    count,
                    (System.nanoTime() - begin) / 1e9,
                    index,
                    processor() - processor);
            System.out.printf(Locale.ROOT, "recall@1 of %d queries: %.3f%n", COMPARED, recall(embedded, found));
        }
    }

    private static double processor() {
        return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
                        .getProcessCpuTime()
                / 1e9;
    }

    private static double recall(Dataset<Row> embedded, Dataset<Row> found) {
        List<Candidate> candidates = new ArrayList<>();
        List<Candidate> queries = new ArrayList<>();
        embedded.toLocalIterator().forEachRemaining(row -> {
            Candidate candidate = Embedded.candidate(row);
            if (row.<Boolean>getAs("candidate")) {
                candidates.add(candidate);
            }
            if (queries.size() < COMPARED) {
                queries.add(candidate);
            }
        });
        Map<String, String> first = new HashMap<>();
        found.filter(col("prompt_id").isin(queries.stream().map(Candidate::id).toArray()))
                .collectAsList()
                .forEach(row ->
                        first.put(row.getString(0), row.<Row>getList(1).get(0).getAs("id")));
        List<List<Match>> exact = new RetrievedNegative(candidates).negativesFor(queries, 1);
        int same = 0;
        for (int i = 0; i < queries.size(); i++) {
            if (exact.get(i)
                    .get(0)
                    .candidate()
                    .id()
                    .equals(first.get(queries.get(i).id()))) {
                same++;
            }
        }
        return (double) same / queries.size();
    }
}
