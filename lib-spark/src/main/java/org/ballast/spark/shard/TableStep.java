package org.ballast.spark.shard;

import static org.apache.spark.sql.functions.broadcast;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.pmod;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.when;
import static org.apache.spark.sql.functions.xxhash64;

import java.io.Serializable;
import java.util.Iterator;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Tables;

/**
 * Brings the texts of chosen rows into a table: rows are spread over files by their key, sized before compression, and
 * sorted within each.
 */
final class TableStep {
    /** Bound on the files of a split, for a target size set by mistake. */
    private static final int MAX_FILES = 10_000;

    private final ShardContext shard;
    private final Dataset<Row> candidates;

    /** @param candidates rows of {@link AnnotationStep#SCHEMA} */
    TableStep(ShardContext shard, Dataset<Row> candidates) {
        this.shard = shard;
        this.candidates = candidates;
    }

    /** How one resolved row becomes rows of a table. */
    record Form(Table table, FlatMapFunction<Row, Row> rows) implements Serializable {
        /** One row each. */
        static Form one(Table table, MapFunction<Row, Row> row) {
            return new Form(table, new Single(row));
        }
    }

    private record Single(MapFunction<Row, Row> row) implements FlatMapFunction<Row, Row>, Serializable {
        @Override
        public Iterator<Row> call(Row from) throws Exception {
            return List.of(row.call(from)).iterator();
        }
    }

    /**
     * Adds files to a folder.
     *
     * @param chosen rows of {@link RowIndex#COMPARED}, read several times
     */
    void append(Dataset<Row> chosen, Form form, Path folder) {
        Table table = form.table();
        Column group = table.bySplit() ? col("split") : lit("");
        TreeMap<String, Long> bytes = new TreeMap<>();
        for (Row row : chosen.groupBy(group.as("group"))
                .agg(coalesce(sum(col("text_bytes")), lit(0L)))
                .collectAsList()) {
            bytes.put(row.getString(0), row.getLong(1));
        }
        Column hash = xxhash64(col("key"));
        Column file = lit(0);
        int files = 0;
        for (var entry : bytes.entrySet()) {
            long target = shard.options().targetFileBytes();
            int count = (int) Math.max(1, Math.min(MAX_FILES, (entry.getValue() + target - 1) / target));
            Column number =
                    pmod(hash, lit((long) count)).plus(lit((long) files)).cast(DataTypes.IntegerType);
            file = table.bySplit() ? when(group.equalTo(entry.getKey()), number).otherwise(file) : number;
            files += count;
        }
        Column[] order = (table.bySplit() ? Stream.of("split", "key") : Stream.of("key"))
                .map(name -> col(name))
                .toArray(Column[]::new);
        Dataset<Row> rows = Tables.placed(withTexts(chosen), file, Math.max(1, files))
                .sortWithinPartitions(order)
                .flatMap(form.rows(), Encoders.row(table.schema()));
        Tables.appender(rows, table).save(folder.toString());
    }

    /** Joins what a row says to what was decided of it; {@code split, reason, message} are the decided ones. */
    Dataset<Row> withTexts(Dataset<Row> chosen) {
        Column[] place = RowIndex.place().stream().map(name -> col(name)).toArray(Column[]::new);
        Column[] texts = Stream.of(Candidate.SCHEMA.fieldNames())
                .filter(name -> RowIndex.place().contains(name)
                        || !List.of(RowIndex.COMPARED_SCHEMA.fieldNames()).contains(name) && !name.equals("raw"))
                .map(name -> col(name))
                .toArray(Column[]::new);
        return joined(chosen, candidates.select(texts), place);
    }

    /**
     * Joins the text of the annotation row, for the quarantine.
     *
     * @param few true for rows that every executor can hold: then the texts are looked through where they are
     */
    Dataset<Row> withRaw(Dataset<Row> chosen, boolean few) {
        Column[] place = RowIndex.place().stream().map(name -> col(name)).toArray(Column[]::new);
        Column[] texts = Stream.concat(Stream.of(place), Stream.of(col("raw"))).toArray(Column[]::new);
        return few
                ? candidates.select(texts).join(broadcast(chosen), ShardContext.on(RowIndex.place()))
                : joined(chosen, candidates.select(texts), place);
    }

    private Dataset<Row> joined(Dataset<Row> chosen, Dataset<Row> texts, Column[] place) {
        return chosen.repartition(shard.shuffles(), place)
                .join(texts.repartition(shard.shuffles(), place).hint("merge"), ShardContext.on(RowIndex.place()));
    }
}
