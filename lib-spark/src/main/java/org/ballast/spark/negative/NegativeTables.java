package org.ballast.spark.negative;

import static org.apache.spark.sql.functions.col;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.TableSwap;
import org.ballast.spark.io.Tables;
import org.ballast.spark.session.SideBySide;
import org.ballast.spark.units.UnitRunner;

/**
 * The tables of a stage with negatives: written whole the first time. A later run adds its rows to them; only where prompts are gone, or say something else
 * than before, what was made of those goes and the tables are written anew.
 */
final class NegativeTables {
    private final SparkSession spark;
    private final StageFolder stage;
    /** Attempts of prompts that are as they were; null in a first run. */
    private final Dataset<Row> kept;

    private final boolean someGone;

    /**
     * Looks at what is there.
     *
     * @param everything all prompts, with {@link NegativePlan#CONTENT}
     */
    NegativeTables(SparkSession spark, StageFolder stage, Dataset<Row> everything) {
        this.spark = spark;
        this.stage = stage;
        if (stage.parent().isEmpty()) {
            kept = null;
            someGone = false;
        } else {
            Dataset<Row> prior = Tables.read(spark, stage, AttemptRows.TABLE);
            Dataset<Row> now = everything.select("prompt_id", NegativePlan.CONTENT);
            String[] both = {"prompt_id", NegativePlan.CONTENT};
            kept = prior.join(now, both, "left_semi");
            someGone = !prior.join(now, both, "left_anti").isEmpty();
        }
    }

    /** Attempts that need not be made again; null in a first run. */
    Dataset<Row> prior() {
        return kept;
    }

    /**
     * What the stage holds in the end.
     *
     * @param unchanged attempts that are from earlier runs
     * @param completions rows of {@code completions}
     * @param quarantined rows of {@code quarantine}
     */
    record Stored(long unchanged, Dataset<Row> completions, Dataset<Row> quarantined, Dataset<Row> attempts) {}

    /** Stores what a run made; in an update beside the tables, where the commit finds it. */
    Stored store(UnitRunner.Made made, long targetFileBytes) {
        Map<Table, Dataset<Row>> fresh = new LinkedHashMap<>();
        fresh.put(Table.COMPLETIONS, made.rows());
        fresh.put(Table.QUARANTINE, made.quarantined());
        fresh.put(AttemptRows.TABLE, made.notes());
        if (kept == null) {
            SideBySide.run(fresh.keySet(), table -> Tables.write(fresh.get(table), stage, table, targetFileBytes));
            return new Stored(
                    0,
                    Tables.read(spark, stage, Table.COMPLETIONS),
                    Tables.read(spark, stage, Table.QUARANTINE),
                    Tables.read(spark, stage, AttemptRows.TABLE));
        }
        long unchanged = kept.count();
        Map<String, Dataset<Row>> whole = new LinkedHashMap<>();
        boolean nothing = made.attempts() == 0 && !someGone;
        fresh.forEach((table, rows) -> {
            Dataset<Row> old = table == AttemptRows.TABLE ? kept : still(table);
            whole.put(table.name(), nothing ? old : old.unionByName(rows.select(columns(table))));
        });
        TableSwap.Builder swap = new TableSwap.Builder(stage);
        if (!nothing) {
            SideBySide.run(fresh.keySet(), table -> {
                Dataset<Row> written = someGone ? whole.get(table.name()) : fresh.get(table);
                Tables.write(written, stage, table, staged(stage, table), targetFileBytes);
            });
            for (Table table : fresh.keySet()) {
                swap.add(staged(stage, table), table);
                if (someGone) {
                    swap.replace(table);
                }
            }
        }
        stage.swapAtCommit(swap.build());
        return new Stored(
                unchanged,
                whole.get(Table.COMPLETIONS.name()),
                whole.get(Table.QUARANTINE.name()),
                whole.get(AttemptRows.TABLE.name()));
    }

    /** Where an update writes what comes into a table. */
    static Path staged(StageFolder stage, Table table) {
        return stage.work("new_" + table.name());
    }

    /** Rows of a table that an attempt stands behind which is kept. */
    private Dataset<Row> still(Table table) {
        Dataset<Row> rows = Tables.read(spark, stage, table);
        if (!someGone) {
            return rows;
        }
        Dataset<Row> ids = kept.select("prompt_id").distinct();
        return table == Table.QUARANTINE
                ? rows.join(ids, rows.col("id").equalTo(ids.col("prompt_id")), "left_semi")
                : rows.join(ids, new String[] {"prompt_id"}, "left_semi").select(columns(table));
    }

    private static Column[] columns(Table table) {
        return Arrays.stream(table.schema().fieldNames()).map(name -> col(name)).toArray(Column[]::new);
    }
}
