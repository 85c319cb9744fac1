package org.ballast.spark.shard;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.not;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.ballast.core.data.RowAccount;
import org.ballast.core.longtail.ClassCount;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.TableSwap;
import org.ballast.spark.io.Tables;
import org.ballast.spark.rows.QuarantinedRows;
import org.ballast.spark.shape.ClassTables;
import org.ballast.spark.units.TooManyFailuresException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The last step: writes the text tables, the quarantine and the index, and draws up the books. A run that began anew writes
 * whole tables where they belong. An update writes beside them: rows that were added become further files; a split of which
 * rows changed or went is written anew, and the commit puts the files in place of the old ones.
 */
final class TableWriter {
    private static final Logger LOG = LoggerFactory.getLogger(TableWriter.class);
    /** Rows in quarantine up to which their texts are fetched by looking at all texts once, without a shuffle. */
    private static final long FEW = 50_000;

    private final ShardContext shard;
    private final Dataset<Row> compared;
    /** Null where pictures are only referenced. */
    private final Dataset<Row> duplicates;

    private final TableStep texts;
    private final TableSwap.Builder swap;
    private final Map<String, Long> rows = new TreeMap<>();
    private final Map<String, Double> figures;

    /** Rows of a kind. */
    private record Counted(boolean sample, String status, boolean good, String split, long rows) {
        boolean stays() {
            return good && !status.equals(RowIndex.REMOVED);
        }
    }

    private List<Counted> counts = List.of();

    /**
     * @param compared rows of {@link RowIndex#COMPARED}
     * @param duplicates rows of the table; null where there is none
     * @param figures of the run so far, for the manifest
     */
    TableWriter(
            ShardContext shard,
            Dataset<Row> compared,
            Dataset<Row> candidates,
            Dataset<Row> duplicates,
            Map<String, Double> figures) {
        this.shard = shard;
        this.compared = compared;
        this.duplicates = duplicates;
        this.figures = new TreeMap<>(figures);
        this.texts = new TableStep(shard, candidates);
        this.swap = new TableSwap.Builder(shard.stage());
    }

    /** @param verdicts of the pictures that this run read */
    ShardResult run(long annotationRows, Dataset<Row> verdicts, Map<String, Long> durations) {
        counts = compared
                .groupBy(col("sample"), col("status"), col("reason").isNull(), col("split"))
                .agg(count(lit(1)))
                .collectAsList()
                .stream()
                .map(row -> new Counted(
                        row.getBoolean(0), row.getString(1), row.getBoolean(2), row.getString(3), row.getLong(4)))
                .toList();
        long quarantined = sum(counted -> !counted.good());
        Map<String, Long> reasons = reasons();
        RowAccount books = books(quarantined);
        writeQuarantine(quarantined);
        if (quarantined > shard.options().maxFailureRate() * books.in()) {
            throw new TooManyFailuresException(
                    shard.stage().stage(),
                    quarantined,
                    books.in(),
                    shard.options().maxFailureRate(),
                    reasons);
        }
        writeTexts();
        writeIndex(verdicts);
        if (duplicates != null) {
            writeDuplicates();
        }
        rows.put(
                Table.IMAGES.name(),
                Tables.read(shard.spark(), shard.stage(), Table.IMAGES).count());
        Map<String, Long> changes = new TreeMap<>();
        if (shard.updates()) {
            shard.stage().swapAtCommit(swap.build());
            for (String status : List.of(RowIndex.ADDED, RowIndex.CHANGED, RowIndex.REMOVED)) {
                changes.put(
                        status,
                        sum(counted -> counted.good() && counted.status().equals(status)));
            }
        }
        tell(books, changes, reasons);
        for (Counted counted : counts) {
            if (counted.stays()) {
                String table = counted.sample() ? Table.SAMPLES.name() : Table.PROMPTS.name();
                figures.merge("rows.%s.%s".formatted(table, counted.split()), (double) counted.rows(), Double::sum);
            }
        }
        return new ShardResult(annotationRows, books, rows, changes, reasons, figures, durations);
    }

    private RowAccount books(long quarantined) {
        long removed = sum(counted -> counted.status().equals(RowIndex.REMOVED));
        long unchanged = sum(counted -> counted.status().equals(RowIndex.UNCHANGED));
        long in = sum(counted -> true) - removed;
        return new RowAccount(in, in - quarantined - unchanged, quarantined, unchanged);
    }

    private long sum(java.util.function.Predicate<Counted> which) {
        return counts.stream().filter(which).mapToLong(Counted::rows).sum();
    }

    private void writeTexts() {
        List<ShardInput> inputs = shard.options().inputs();
        Dataset<Row> good =
                compared.filter(col("reason").isNull().and(col("status").notEqual(RowIndex.REMOVED)));
        List<ClassCount> classes = new ArrayList<>();
        if (hasTable(true)) {
            Dataset<Row> samples = write(
                    good.filter(col("sample")),
                    changedSplits(true),
                    TableStep.Form.one(
                            Table.SAMPLES,
                            new StoredRows.ToSample(inputs, shard.plan().classes())));
            classes.addAll(ClassTables.counts(samples, Table.SAMPLES));
        }
        if (hasTable(false)) {
            Dataset<Row> prompts = good.filter(not(col("sample")));
            Set<String> changed = changedSplits(false);
            Dataset<Row> stored =
                    write(prompts, changed, TableStep.Form.one(Table.PROMPTS, new StoredRows.ToPrompt(inputs)));
            classes.addAll(ClassTables.counts(stored, Table.PROMPTS));
            write(prompts, changed, new TableStep.Form(Table.COMPLETIONS, new StoredRows.ToCompletions()));
        }
        writeClasses(ClassTables.describe(classes, shard.options().shape()));
    }

    private void writeClasses(ClassTables.Described classes) {
        figures.putAll(classes.figures());
        writeClasses(classes.statistics(), ClassTables.STATISTICS);
        writeClasses(classes.sampling(), ClassTables.SAMPLING);
    }

    private void writeClasses(List<Row> described, Table table) {
        if (!described.isEmpty() || shard.updates() && shard.stage().has(table.name())) {
            rows.put(table.name(), (long) described.size());
            replace(shard.spark().createDataFrame(described, table.schema()).coalesce(1), table);
        }
    }

    private boolean hasTable(boolean samples) {
        return shard.options().inputs().stream().anyMatch(input -> input.givesSamples() == samples)
                || sum(counted -> counted.sample() == samples && counted.good()) > 0;
    }

    /** Splits of a table from which rows went. */
    private Set<String> changedSplits(boolean samples) {
        if (sum(counted -> counted.sample() == samples
                        && (counted.status().equals(RowIndex.REMOVED)
                                || counted.status().equals(RowIndex.CHANGED)))
                == 0) {
            return Set.of();
        }
        Set<String> splits = new TreeSet<>();
        compared.filter(col("sample").equalTo(samples).and(col("status").isin(RowIndex.REMOVED, RowIndex.CHANGED)))
                .select("split", "old_split")
                .distinct()
                .toLocalIterator()
                .forEachRemaining(row -> {
                    for (int i = 0; i < 2; i++) {
                        if (!row.isNullAt(i)) {
                            splits.add(row.getString(i));
                        }
                    }
                });
        return splits;
    }

    /** Writes rows of a text table; gives the table as it stands when the run is over. */
    private Dataset<Row> write(Dataset<Row> good, Set<String> changed, TableStep.Form form) {
        Table table = form.table();
        if (!shard.updates()) {
            Tables.clear(shard.stage(), table);
            texts.append(good, form, shard.stage().table(table.name()));
            return counted(Tables.read(shard.spark(), shard.stage(), table), table);
        }
        Column added = col("status").equalTo(RowIndex.ADDED);
        boolean whole = !table.bySplit() && !changed.isEmpty();
        Dataset<Row> fresh = good.filter(
                whole
                        ? lit(true)
                        : changed.isEmpty() ? added : added.or(col("split").isin(changed.toArray())));
        boolean none = changed.isEmpty()
                && sum(counted -> counted.good() && counted.status().equals(RowIndex.ADDED)) == 0;
        Path staged = shard.stage().work("next_" + table.name());
        if (!none && !shard.exists(new Path(staged, "_DONE"))) {
            shard.delete(staged);
            texts.append(fresh, form, staged);
            shard.touch(new Path(staged, "_DONE"));
        }
        if (whole) {
            swap.replace(table);
        } else if (table.bySplit()) {
            swap.replace(table, changed);
        }
        if (!none) {
            swap.add(staged, table);
        }
        Dataset<Row> kept = Tables.read(shard.spark(), shard.stage(), table);
        if (whole) {
            kept = kept.limit(0);
        } else if (!changed.isEmpty()) {
            kept = kept.filter(not(col("split").isin(changed.toArray())));
        }
        return counted(none ? kept : kept.union(Tables.read(shard.spark(), staged, table)), table);
    }

    private Dataset<Row> counted(Dataset<Row> stored, Table table) {
        rows.put(table.name(), stored.count());
        return stored;
    }

    private void writeQuarantine(long quarantined) {
        Dataset<Row> bad = compared.filter(col("reason").isNotNull());
        Dataset<Row> stored = shard.once(Table.QUARANTINE, () -> texts.withRaw(bad, quarantined <= FEW)
                .map(new StoredRows.ToQuarantined(shard.options().inputs()), Encoders.row(QuarantinedRows.SCHEMA))
                .coalesce(shard.partitions()));
        rows.put(Table.QUARANTINE.name(), quarantined);
        if (shard.updates()) {
            replace(stored.coalesce(files()), Table.QUARANTINE);
        } else {
            Tables.write(
                    stored, shard.stage(), Table.QUARANTINE, shard.options().targetFileBytes());
        }
    }

    private void writeIndex(Dataset<Row> verdicts) {
        Dataset<Row> index = RowIndex.rows(compared, shard.plan()).coalesce(files());
        Dataset<Row> fresh = PictureMemory.of(shard).fresh(verdicts).coalesce(files());
        if (!shard.updates()) {
            whole(index, RowIndex.TABLE);
            whole(fresh, PictureMemory.TABLE);
            return;
        }
        boolean changed = sum(counted -> counted.good() && !counted.status().equals(RowIndex.UNCHANGED)) > 0;
        if (changed) {
            swap.replace(RowIndex.TABLE);
            stage("index", RowIndex.TABLE, index);
            stage(
                    "gone",
                    RowIndex.GONE,
                    RowIndex.gone(
                                    compared,
                                    shard.options().window(),
                                    shard.stage().header().runId())
                            .coalesce(files()));
        }
        if (!fresh.isEmpty()) {
            stage("pictures", PictureMemory.TABLE, fresh);
        }
    }

    private void writeDuplicates() {
        rows.put(Table.DUPLICATES.name(), duplicates.count());
        replace(duplicates.coalesce(1), Table.DUPLICATES);
    }

    /** Writes a table whole, in an update only where it differs. */
    private void replace(Dataset<Row> fresh, Table table) {
        if (!shard.updates()) {
            whole(fresh, table);
        } else if (!shard.stage().has(table.name()) || differs(fresh, table)) {
            swap.replace(table);
            stage(table.name(), table, fresh);
        }
    }

    private boolean differs(Dataset<Row> after, Table table) {
        Dataset<Row> before = Tables.read(shard.spark(), shard.stage(), table);
        return before.count() != after.count() || !after.exceptAll(before).isEmpty();
    }

    private void whole(Dataset<Row> fresh, Table table) {
        Tables.clear(shard.stage(), table);
        Tables.appender(fresh, table).save(shard.stage().table(table.name()).toString());
    }

    /** Writes files that the commit adds to the table. */
    private void stage(String name, Table table, Dataset<Row> fresh) {
        Path staged = shard.stage().work("next_" + name);
        if (!shard.exists(new Path(staged, "_DONE"))) {
            shard.delete(staged);
            Tables.appender(fresh, table).save(staged.toString());
            shard.touch(new Path(staged, "_DONE"));
        }
        swap.add(staged, table);
    }

    private int files() {
        return Math.max(shard.partitions(), shard.shuffles() / 8);
    }

    private Map<String, Long> reasons() {
        Map<String, Long> reasons = new LinkedHashMap<>();
        compared.filter(col("reason").isNotNull())
                .groupBy("reason")
                .count()
                .orderBy(col("count").desc(), col("reason"))
                .collectAsList()
                .forEach(row -> reasons.put(row.getString(0), row.getLong(1)));
        return reasons;
    }

    private void tell(RowAccount books, Map<String, Long> changes, Map<String, Long> reasons) {
        LOG.info(
                "{}: {} rows in = {} written + {} quarantined + {} unchanged{}",
                shard.stage().stage(),
                books.in(),
                books.out(),
                books.quarantined(),
                books.unchanged(),
                changes.isEmpty() ? "" : "; " + changes);
        if (!reasons.isEmpty()) {
            List<String> lines =
                    new ArrayList<>(List.of("%-28s %12s %9s".formatted("quarantined because", "rows", "share")));
            reasons.forEach((reason, count) ->
                    lines.add("%-28s %12d %8.3f%%".formatted(reason, count, 100.0 * count / Math.max(1, books.in()))));
            LOG.info("{}:\n{}", shard.stage().stage(), lines.stream().collect(Collectors.joining("\n")));
        }
    }
}
