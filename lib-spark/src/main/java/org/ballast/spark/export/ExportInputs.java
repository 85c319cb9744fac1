package org.ballast.spark.export;

import static org.apache.spark.sql.functions.col;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.ballast.spark.io.BorrowedTables;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.StageInputException;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Tables;

/**
 * The stages that an export reads; one that is named twice counts once.
 *
 * @param data with pictures, and samples or prompts or both
 * @param completions further stages with completions
 */
record ExportInputs(SparkSession spark, List<StageFolder> data, List<StageFolder> completions) {
    ExportInputs {
        data = once(data);
        List<StageFolder> all = new ArrayList<>(data);
        all.addAll(completions);
        completions = once(all);
    }

    private static List<StageFolder> once(List<StageFolder> folders) {
        Map<Path, StageFolder> byPath = new LinkedHashMap<>();
        folders.forEach(folder -> byPath.putIfAbsent(folder.path(), folder));
        return List.copyOf(byPath.values());
    }

    /** True when one of the data stages has the table. */
    boolean has(Table table) {
        return !with(data, table).isEmpty();
    }

    /** Rows of a table of the data stages, of the splits named; of all when none is. */
    Dataset<Row> data(Table table, List<String> splits) {
        Dataset<Row> rows = read(data, table);
        return splits.isEmpty() ? rows : rows.filter(col(Table.SPLIT).isin(splits.toArray()));
    }

    /** The stages that hold the pictures of the data stages. */
    List<StageFolder> pictures() {
        return BorrowedTables.holders(data, Table.IMAGES);
    }

    /** Completions of all stages. */
    Dataset<Row> allCompletions() {
        return read(completions, Table.COMPLETIONS);
    }

    private Dataset<Row> read(List<StageFolder> folders, Table table) {
        List<StageFolder> having = with(folders, table);
        if (having.isEmpty()) {
            throw new StageInputException("none of the stages %s has a table '%s'"
                    .formatted(folders.stream().map(StageFolder::stage).toList(), table.name()));
        }
        return Tables.read(spark, having, table);
    }

    /** Those that hold the table or borrow it. */
    private static List<StageFolder> with(List<StageFolder> folders, Table table) {
        return folders.stream()
                .filter(folder -> BorrowedTables.holders(List.of(folder), table).stream()
                        .allMatch(holder -> holder.has(table.name())))
                .toList();
    }
}
