package org.ballast.spark.export;

import static org.apache.spark.sql.functions.col;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.Metadata;
import org.apache.spark.sql.types.MetadataBuilder;
import org.apache.spark.sql.types.StructType;
import org.ballast.core.data.Domain;
import org.ballast.spark.io.HuggingFaceFeatures;
import org.ballast.spark.io.Table;
import org.ballast.spark.rows.ImageRows;
import org.ballast.spark.rows.PromptRows;

/** Samples and prompts with their pictures, as Hugging Face {@code datasets} declares such columns. */
public final class HuggingFaceRows {
    /** Most classes that a footer lists. */
    private static final int MOST_CLASSES = 100_000;

    private static final StructType COMPLETION = new StructType()
            .add("response", DataTypes.StringType)
            .add("type", DataTypes.StringType)
            .add("score", DataTypes.DoubleType)
            .add("model", DataTypes.StringType);

    private static final StructType PROMPT_COLUMNS = new StructType()
            .add("prompt_id", DataTypes.StringType)
            .add("image", ImageRows.IMAGE)
            .add("prompt", DataTypes.StringType)
            .add("history", DataTypes.createArrayType(PromptRows.TURN))
            .add("completions", DataTypes.createArrayType(COMPLETION))
            .add("kind", DataTypes.StringType)
            .add("label", DataTypes.LongType)
            .add("source", DataTypes.StringType)
            .add("window", DataTypes.StringType);

    private HuggingFaceRows() {}

    private static StructType sampleColumns(Metadata label) {
        return new StructType()
                .add("sample_id", DataTypes.StringType)
                .add("image", ImageRows.IMAGE)
                .add("caption", DataTypes.StringType)
                .add("label", DataTypes.LongType, true, label)
                .add("label_name", DataTypes.StringType)
                .add("domain", DataTypes.StringType)
                .add("caption_masked", DataTypes.BooleanType)
                .add("source", DataTypes.StringType)
                .add("window", DataTypes.StringType);
    }

    /**
     * The names of the in-distribution classes by label, all different; empty where they are unknown: no sample has one,
     * or two stages call a label by two names. A label that no sample has is called {@code class <label>}.
     */
    static List<String> classNames(ExportInputs inputs) {
        List<Row> pairs = inputs.data(Table.SAMPLES, List.of())
                .filter(col("domain").equalTo(Domain.IN_DISTRIBUTION.stored()))
                .select("label", "label_name")
                .distinct()
                .limit(2 * MOST_CLASSES)
                .collectAsList();
        TreeMap<Integer, String> byLabel = new TreeMap<>();
        for (Row pair : pairs) {
            if (pair.isNullAt(1)) {
                continue;
            }
            String other = byLabel.put(pair.getInt(0), pair.getString(1));
            if (other != null) {
                return List.of();
            }
        }
        if (byLabel.isEmpty()
                || byLabel.lastKey() >= MOST_CLASSES
                || pairs.stream().anyMatch(pair -> pair.getInt(0) > byLabel.lastKey())) {
            return List.of();
        }
        List<String> names = new ArrayList<>();
        Set<String> taken = new HashSet<>();
        for (int label = 0; label <= byLabel.lastKey(); label++) {
            String name = byLabel.getOrDefault(label, "class " + label);
            names.add(taken.add(name) ? name : name + " (" + label + ")");
            taken.add(names.get(label));
        }
        return names.size() == new HashSet<>(names).size() ? names : List.of();
    }

    /**
     * Rows of {@link TextRows#samples}.
     *
     * @param classNames see {@link #classNames}: where they are known, {@code label} is a {@code ClassLabel} of them and -1
     *     in a sample outside these classes; {@code label_name} holds what it shows
     */
    static Samples samples(List<String> classNames) {
        Metadata label = classNames.isEmpty()
                ? Metadata.empty()
                : new MetadataBuilder()
                        .putStringArray(HuggingFaceFeatures.CLASS_NAMES, classNames.toArray(String[]::new))
                        .build();
        return new Samples(sampleColumns(label), !classNames.isEmpty());
    }

    /** See {@link #samples}. */
    record Samples(StructType schema, boolean named) implements ParquetAssembler {
        private static final long serialVersionUID = 1L;

        @Override
        public Object[] values(LocatedRow row, Row picture) {
            long label = row.body().<Integer>getAs("label");
            boolean inside = Domain.IN_DISTRIBUTION.stored().equals(row.text("domain"));
            return new Object[] {
                row.key(),
                ParquetAssembler.picture(row, picture),
                row.text("caption"),
                !named || inside ? label : -1L,
                row.text("label_name"),
                row.text("domain"),
                row.body().getAs("caption_masked"),
                row.text("source"),
                row.text("window")
            };
        }
    }

    /** Rows of {@link TextRows#prompts}. */
    record Prompts() implements ParquetAssembler {
        private static final long serialVersionUID = 1L;

        @Override
        public StructType schema() {
            return PROMPT_COLUMNS;
        }

        @Override
        public Object[] values(LocatedRow row, Row picture) {
            Integer label = row.body().getAs("label");
            List<Row> completions = row.structs("completions").stream()
                    .map(completion -> (Row) new GenericRowWithSchema(
                            new Object[] {
                                completion.getAs("response"),
                                completion.getAs("type"),
                                completion.getAs("score"),
                                completion.getAs("model")
                            },
                            COMPLETION))
                    .toList();
            return new Object[] {
                row.key(),
                row.imageId() == null ? null : ParquetAssembler.picture(row, picture),
                row.text("prompt"),
                ParquetAssembler.sequence(row.structs("history")),
                ParquetAssembler.sequence(completions),
                row.text("kind"),
                label == null ? null : label.longValue(),
                row.text("source"),
                row.text("window")
            };
        }
    }
}
