package org.ballast.spark.shape;

import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.ballast.core.data.split.SplitRule;
import org.ballast.core.data.split.StratifiedDeal;

/**
 * Deals groups that come class after class: {@link Splitting#FACTS} with {@code total}, the rows of the class that shares are
 * of, and {@code taken}, the rows that each share's split has already. Only the sums of one class are held.
 */
record DealGroups(SplitRule rule) implements MapPartitionsFunction<Row, Row> {
    private static final long serialVersionUID = 1L;

    @Override
    public Iterator<Row> call(Iterator<Row> groups) {
        return new Iterator<>() {
            private Integer label;
            private StratifiedDeal deal;

            @Override
            public boolean hasNext() {
                return groups.hasNext();
            }

            @Override
            public Row next() {
                Row group = groups.next();
                Integer next = group.getAs("label");
                if (deal == null || !Objects.equals(next, label)) {
                    label = next;
                    deal = new StratifiedDeal(rule, String.valueOf(next), group.<Long>getAs("total"), taken(group));
                }
                String split = group.getAs("split");
                long rows = group.<Long>getAs("rows");
                return RowFactory.create(
                        group.getAs(Groups.GROUP),
                        split == null ? deal.next(rows) : split,
                        next,
                        rows,
                        group.getAs("digest"));
            }
        };
    }

    private Map<String, Long> taken(Row group) {
        List<Long> counts = group.getList(group.fieldIndex("taken"));
        Map<String, Long> taken = new HashMap<>();
        for (int i = 0; i < counts.size(); i++) {
            taken.put(rule.shares().get(i).split(), counts.get(i));
        }
        return taken;
    }
}
