package org.ballast.spark.pairs;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.sum;

import java.io.Serializable;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.core.longtail.PairRepeats;
import org.ballast.core.longtail.PairSampling;

/** How often each pair is taken, by the counts of each split's classes; the driver holds a number for each class of each split. */
public final class SampledPairs implements Serializable {
    private static final long serialVersionUID = 1L;

    /** Columns that pairs are counted by: {@code split}, {@code label}, and {@code pairs}, of which there are so many. */
    public static final StructType COUNTED = new StructType()
            .add("split", DataTypes.StringType)
            .add("label", DataTypes.IntegerType)
            .add("pairs", DataTypes.LongType);

    /** By split; null where each pair is taken once. */
    private final HashMap<String, PairRepeats> bySplit;

    private SampledPairs(HashMap<String, PairRepeats> bySplit) {
        this.bySplit = bySplit;
    }

    /**
     * Counts.
     *
     * @param counted {@link #COUNTED}, several rows of a class or one; not read where each pair is taken once
     */
    public static SampledPairs of(Dataset<Row> counted, PairSampling sampling) {
        if (sampling.takesAll()) {
            return new SampledPairs(null);
        }
        HashMap<String, Map<Integer, Long>> counts = new HashMap<>();
        List<Row> classes = counted.groupBy(col("split"), col("label"))
                .agg(sum("pairs").cast(DataTypes.LongType))
                .collectAsList();
        for (Row row : classes) {
            Integer label = row.isNullAt(1) ? null : Integer.valueOf(row.getInt(1));
            counts.computeIfAbsent(row.getString(0), split -> new HashMap<>()).put(label, row.getLong(2));
        }
        HashMap<String, PairRepeats> bySplit = new HashMap<>();
        counts.forEach((split, classesOf) -> bySplit.put(split, PairRepeats.of(classesOf, sampling)));
        return new SampledPairs(bySplit);
    }

    /**
     * Copies of a pair, from 0.
     *
     * @param split null for a pair whose prompt is not there: it is kept, for others to report
     * @param label of its prompt, null for none
     * @throws IllegalArgumentException for a split or label that was not counted
     */
    public int copies(String split, Integer label, String pairId) {
        if (bySplit == null || split == null) {
            return 1;
        }
        PairRepeats repeats = bySplit.get(split);
        if (repeats == null) {
            throw new IllegalArgumentException("pairs of split '" + split + "' were not counted");
        }
        return repeats.copies(label, pairId);
    }
}
