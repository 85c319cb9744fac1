package org.ballast.spark.shard;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;

import java.io.Serializable;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.core.data.Reason;
import org.ballast.spark.io.Table;

/**
 * Decides which candidates stay: unique ids first, then, once pictures were read, those whose picture is good. Works on
 * what decides alone; the texts stay where they are.
 */
final class RowResolver {
    /** What decides of a candidate, with the {@code key} it will have in its table. */
    static final StructType KEYED = new StructType()
            .add("input", DataTypes.IntegerType)
            .add("position", DataTypes.LongType)
            .add("turn", DataTypes.IntegerType)
            .add("sample", DataTypes.BooleanType)
            .add("key", DataTypes.StringType)
            .add("root", DataTypes.IntegerType)
            .add("image", DataTypes.StringType)
            .add("split", DataTypes.StringType)
            .add("label", DataTypes.IntegerType)
            .add("domain", DataTypes.StringType)
            .add("content", DataTypes.StringType)
            .add("text_bytes", DataTypes.LongType)
            .add("reason", DataTypes.StringType)
            .add("message", DataTypes.StringType);

    static final Table KEYED_TABLE = new Table("rows", KEYED, List.of("input", "position", "turn"), false, false);

    /** A keyed row with its picture. */
    static final StructType RESOLVED = KEYED.add("image_id", DataTypes.StringType);

    static final Table RESOLVED_TABLE =
            new Table("resolved", RESOLVED, List.of("input", "position", "turn"), false, false);

    private RowResolver() {}

    /**
     * Gives each row its key. Samples: the first row of an id has it, the others are {@code duplicate-id}. Prompts: rows
     * of one id that say the same are {@code duplicate-row} behind the first; the n-th different one gets {@code #n}.
     * First is by input, then position.
     *
     * @param files name of each input's file, for messages
     * @param tasks of the shuffle
     */
    static Dataset<Row> keyed(Dataset<Row> candidates, List<String> files, int tasks) {
        Dataset<Row> named = candidates.withColumn("key", col("id"));
        Column[] kept = Stream.concat(Stream.of(KEYED.fieldNames()), Stream.of("digest"))
                .map(name -> col(name))
                .toArray(Column[]::new);
        Dataset<Row> judged = named.filter(col("reason").isNull())
                .select(kept)
                .repartition(tasks, col("sample"), col("key"))
                .sortWithinPartitions("sample", "key", "input", "position", "turn")
                .mapPartitions(new Keys(files), Encoders.row(KEYED));
        Dataset<Row> rejected = named.filter(col("reason").isNotNull()).select(columns(KEYED));
        return judged.unionByName(rejected);
    }

    /** Joins what was found of the pictures ({@code root, image, image_id, reason, message}) to the rows that name them. */
    static Dataset<Row> resolved(Dataset<Row> keyed, Dataset<Row> pictures, int tasks) {
        Dataset<Row> found = pictures.select(
                        col("root").as("picture_root"),
                        col("image").as("picture_path"),
                        col("image_id"),
                        col("reason").as("picture_reason"),
                        col("message").as("picture_message"))
                .repartition(tasks, col("picture_root"), col("picture_path"));
        Column wanted = col("reason").isNull().and(col("image").isNotNull());
        Dataset<Row> joined = keyed.filter(wanted)
                .repartition(tasks, col("root"), col("image"))
                .join(
                        found.hint("merge"),
                        col("root")
                                .equalTo(col("picture_root"))
                                .and(col("image").equalTo(col("picture_path"))),
                        "left")
                .withColumn("reason", col("picture_reason"))
                .withColumn("message", col("picture_message"))
                .select(columns(RESOLVED));
        return joined.unionByName(
                unpictured(keyed.filter(coalesce(wanted, lit(false)).equalTo(lit(false)))));
    }

    /** Rows that need no picture, or none any more. */
    static Dataset<Row> unpictured(Dataset<Row> keyed) {
        return keyed.withColumn("image_id", lit(null).cast(DataTypes.StringType))
                .select(columns(RESOLVED));
    }

    static Column[] columns(StructType schema) {
        return Stream.of(schema.fieldNames()).map(name -> col(name)).toArray(Column[]::new);
    }

    /** The place at which a content was first said, and the number that it got among those of its id. */
    private record Owner(int input, long position, int version) {
        boolean isAt(int otherInput, long otherPosition) {
            return input == otherInput && position == otherPosition;
        }
    }

    /** Gives keys to rows that come sorted by table and id, then place. */
    private record Keys(List<String> files) implements MapPartitionsFunction<Row, Row>, Serializable {
        private static final long serialVersionUID = 1L;

        @Override
        public Iterator<Row> call(Iterator<Row> rows) {
            return new Iterator<>() {
                private final Map<String, Owner> owners = new HashMap<>();
                private Boolean sample;
                private String id;

                @Override
                public boolean hasNext() {
                    return rows.hasNext();
                }

                @Override
                public Row next() {
                    Row row = rows.next();
                    Boolean itsTable = row.getAs("sample");
                    String itsId = row.getAs("key");
                    if (!Objects.equals(sample, itsTable) || !Objects.equals(id, itsId)) {
                        owners.clear();
                        sample = itsTable;
                        id = itsId;
                    }
                    int input = row.<Integer>getAs("input");
                    long position = row.<Long>getAs("position");
                    // the first row of a sample's id has it, whatever the others say
                    String content = itsTable ? "" : row.getAs("digest");
                    Owner owner =
                            owners.computeIfAbsent(content, said -> new Owner(input, position, owners.size() + 1));
                    return keyed(row, id, owner);
                }
            };
        }

        private Row keyed(Row row, String id, Owner owner) {
            Object[] values = new Object[KEYED.length()];
            for (int i = 0; i < values.length; i++) {
                values[i] = row.get(i);
            }
            boolean first = owner.isAt(row.<Integer>getAs("input"), row.<Long>getAs("position"));
            if (row.<Boolean>getAs("sample")) {
                reject(values, first, Reason.DUPLICATE_ID, "id '%s' was given to an earlier row", id);
            } else {
                int turn = row.<Integer>getAs("turn");
                values[KEYED.fieldIndex("key")] =
                        id + (turn >= 0 ? "/" + turn : "") + (owner.version() > 1 ? "#" + owner.version() : "");
                reject(
                        values,
                        first,
                        Reason.DUPLICATE_ROW,
                        "says the same as row %d of %s",
                        owner.position(),
                        files.get(owner.input()));
            }
            return new GenericRowWithSchema(values, KEYED);
        }

        private static void reject(Object[] values, boolean good, Reason reason, String message, Object... shown) {
            if (!good) {
                values[KEYED.fieldIndex("reason")] = reason.code();
                values[KEYED.fieldIndex("message")] = message.formatted(shown);
            }
        }
    }
}
