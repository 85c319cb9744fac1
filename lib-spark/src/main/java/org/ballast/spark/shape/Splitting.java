package org.ballast.spark.shape;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_list;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.when;

import java.util.List;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.expressions.WindowSpec;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.core.data.Reason;
import org.ballast.core.data.split.GroupFacts;
import org.ballast.core.data.split.HashSplit;
import org.ballast.core.data.split.SplitMode;
import org.ballast.core.data.split.SplitRule;
import org.ballast.core.data.split.SplitShare;

/** Sets the split of rows by a {@link SplitRule}; groups are whole, and nothing hangs on order or partitions. */
final class Splitting {
    /** What is known of a group; {@code split} is null until it is dealt. */
    static final StructType FACTS = new StructType()
            .add(Groups.GROUP, DataTypes.StringType)
            .add("split", DataTypes.StringType)
            .add("label", DataTypes.IntegerType)
            .add("rows", DataTypes.LongType)
            .add("digest", DataTypes.StringType);

    private static final String FIXED = "__fixed";
    private static final String DECIDED = "__decided";

    private Splitting() {}

    /**
     * Splits.
     *
     * @param previous the split that a row already has, null for a new row
     * @return the same rows; those whose group stays in another split have the reason {@link Reason#SPLIT_CONFLICT}
     */
    static Dataset<Row> split(Dataset<Row> rows, SplitRule rule, Column previous) {
        Dataset<Row> marked = ShapeColumns.marked(rows);
        if (rule.changesNothing()) {
            return marked;
        }
        Column good = col(ShapeColumns.REASON).isNull();
        Dataset<Row> grouped = Groups.add(marked.filter(good).withColumn(FIXED, fixed(marked, rule, previous)), rule);
        Column fixed = col(FIXED);
        Dataset<Row> decided;
        if (rule.mode() == SplitMode.HASH && grouped.filter(fixed.isNotNull()).isEmpty()) {
            // nothing but the group itself matters: no row has to meet another
            decided = grouped.withColumn(
                    DECIDED, udf(new HashOf(rule), DataTypes.StringType).apply(col(Groups.GROUP)));
        } else {
            decided = grouped.join(decisions(grouped, rule), Groups.GROUP);
        }
        Column conflict = coalesce(fixed.notEqual(col(DECIDED)), lit(false));
        Column message = concat(
                lit("group '"),
                col(Groups.GROUP),
                lit("' stays in split '"),
                col(DECIDED),
                lit("', which a model may have learnt it from; this row is of '"),
                fixed,
                lit("'"));
        return decided.withColumn(ShapeColumns.SPLIT, coalesce(fixed, col(DECIDED)))
                .withColumn(ShapeColumns.REASON, when(conflict, lit(Reason.SPLIT_CONFLICT.code())))
                .withColumn(ShapeColumns.MESSAGE, when(conflict, message))
                .select(ShapeColumns.columns(marked))
                .union(marked.filter(not(good)));
    }

    /** The split that a row has and keeps; null where it is to be dealt. */
    private static Column fixed(Dataset<Row> rows, SplitRule rule, Column previous) {
        Column split = col(ShapeColumns.SPLIT);
        if (rule.mode() == SplitMode.SOURCE) {
            return split;
        }
        Column kept = ShapeColumns.outOfDistribution(rows);
        if (!rule.of().isEmpty()) {
            kept = kept.or(not(coalesce(split.isin(rule.of().toArray()), lit(true))));
        }
        return when(kept, split).otherwise(previous);
    }

    /** The split of every group. */
    private static Dataset<Row> decisions(Dataset<Row> grouped, SplitRule rule) {
        Dataset<Row> facts = grouped.groupBy(
                        col(Groups.GROUP),
                        col(ShapeColumns.LABEL).as("label"),
                        col(FIXED).as("split"))
                .agg(count(lit(1)).as("rows"))
                .groupBy(Groups.GROUP)
                .agg(collect_list(struct(col("label"), col("split"), col("rows")))
                        .as("parts"))
                .map(new FactsOf(rule), Encoders.row(FACTS));
        Dataset<Row> decided = rule.mode() == SplitMode.STRATIFIED ? dealt(facts, rule) : facts;
        return decided.select(col(Groups.GROUP), col("split").as(DECIDED));
    }

    /** All groups of a class meet in one partition, in the order in which they are dealt, and are dealt as they stream by. */
    private static Dataset<Row> dealt(Dataset<Row> facts, SplitRule rule) {
        WindowSpec ofClass = Window.partitionBy("label");
        List<String> splits = rule.shares().stream().map(SplitShare::split).toList();
        Column shared = col("split").isNull().or(col("split").isin(splits.toArray()));
        Column[] taken = splits.stream()
                .map(split -> rowsWhere(col("split").equalTo(split)).over(ofClass))
                .toArray(Column[]::new);
        Column first = udf(new DealtFirst(rule), DataTypes.BooleanType).apply(col("rows"), col("total"));
        return facts.repartition(col("label"))
                .withColumn("total", rowsWhere(shared).over(ofClass))
                .withColumn("taken", array(taken))
                .withColumn("later", not(first))
                .sortWithinPartitions("label", "later", "digest", Groups.GROUP)
                .mapPartitions(new DealGroups(rule), Encoders.row(FACTS));
    }

    private static Column rowsWhere(Column holds) {
        return sum(when(holds, col("rows")).otherwise(lit(0L)));
    }

    private record DealtFirst(SplitRule rule) implements UDF2<Long, Long, Boolean> {
        private static final long serialVersionUID = 1L;

        @Override
        public Boolean call(Long rows, Long total) {
            return rule.dealtFirst(rows, total);
        }
    }

    private record HashOf(SplitRule rule) implements UDF1<String, String> {
        private static final long serialVersionUID = 1L;

        @Override
        public String call(String group) {
            return HashSplit.of(rule, group);
        }
    }

    /** Sums up the parts of one group; in any mode but stratified its split is known then. */
    private record FactsOf(SplitRule rule) implements MapFunction<Row, Row> {
        private static final long serialVersionUID = 1L;

        @Override
        public Row call(Row row) {
            String group = row.getAs(Groups.GROUP);
            List<GroupFacts.Part> parts = row.<Row>getList(row.fieldIndex("parts")).stream()
                    .map(part ->
                            new GroupFacts.Part(part.getAs("label"), part.getAs("split"), part.<Long>getAs("rows")))
                    .toList();
            GroupFacts facts = GroupFacts.of(rule, parts);
            String split = facts.split();
            if (split == null && rule.mode() == SplitMode.HASH) {
                split = HashSplit.of(rule, group);
            }
            return RowFactory.create(group, split, facts.label(), facts.rows(), HashSplit.digest(rule.seed(), group));
        }
    }
}
