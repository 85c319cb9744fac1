package org.ballast.spark.shard;

import java.io.Serializable;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Row;
import org.ballast.core.data.Completion;
import org.ballast.core.data.Domain;
import org.ballast.core.data.Prompt;
import org.ballast.core.data.Quarantined;
import org.ballast.core.data.Reason;
import org.ballast.core.data.Sample;
import org.ballast.spark.rows.CompletionRows;
import org.ballast.spark.rows.PromptRows;
import org.ballast.spark.rows.QuarantinedRows;
import org.ballast.spark.rows.SampleRows;

/** Resolved rows to the rows of the tables, each through its record and so through that record's checks. */
final class StoredRows {
    private StoredRows() {}

    /** A row of {@code samples}. */
    record ToSample(List<ShardInput> inputs, ClassNames classes) implements MapFunction<Row, Row>, Serializable {
        private static final long serialVersionUID = 1L;

        @Override
        public Row call(Row row) {
            ShardInput input = inputs.get(row.<Integer>getAs("input"));
            String caption = row.getAs("caption");
            int label = row.<Integer>getAs("label");
            String labelName = row.getAs("label_name");
            String ownDomain = row.getAs("domain");
            Domain domain = ownDomain == null ? input.domain() : Domain.of(ownDomain);
            return SampleRows.toRow(new Sample(
                    row.getAs("key"),
                    imageId(row),
                    caption,
                    caption.contains(OpenMmloFormat.MASK),
                    label,
                    labelName == null ? classes.name(label, domain) : labelName,
                    domain,
                    row.getAs("split"),
                    input.source(),
                    RowIndex.window(row, input)));
        }
    }

    /** A row of {@code prompts}. */
    record ToPrompt(List<ShardInput> inputs) implements MapFunction<Row, Row>, Serializable {
        private static final long serialVersionUID = 1L;

        @Override
        public Row call(Row row) {
            ShardInput input = inputs.get(row.<Integer>getAs("input"));
            return PromptRows.toRow(new Prompt(
                    row.getAs("key"),
                    imageId(row),
                    row.getAs("prompt"),
                    PromptRows.turns(row, "history"),
                    row.getAs("kind"),
                    row.getAs("label"),
                    row.getAs("split"),
                    input.source(),
                    RowIndex.window(row, input)));
        }
    }

    /** The source's responses to a prompt as rows of {@code completions}. */
    record ToCompletions() implements FlatMapFunction<Row, Row>, Serializable {
        private static final long serialVersionUID = 1L;

        @Override
        public Iterator<Row> call(Row row) {
            String promptId = row.getAs("key");
            return row.<Row>getList(row.fieldIndex("completions")).stream()
                    .map(completion -> SourceCompletion.fromRow(completion).of(promptId))
                    .sorted(Comparator.comparing(Completion::completionId))
                    .map(completion -> CompletionRows.toRow(completion))
                    .iterator();
        }
    }

    /** A row of {@code quarantine}. */
    record ToQuarantined(List<ShardInput> inputs) implements MapFunction<Row, Row>, Serializable {
        private static final long serialVersionUID = 1L;

        @Override
        public Row call(Row row) {
            return QuarantinedRows.toRow(new Quarantined(
                    row.getAs("key"),
                    inputs.get(row.<Integer>getAs("input")).annotations(),
                    row.<Long>getAs("position"),
                    Reason.of(row.getAs("reason")),
                    row.getAs("message"),
                    row.getAs("raw")));
        }
    }

    private static String imageId(Row row) {
        String image = row.getAs("image");
        String imageId = row.getAs("image_id");
        if (image != null && imageId == null) {
            throw new IllegalStateException(
                    "picture '%s' of row '%s' was neither stored nor rejected".formatted(image, row.getAs("key")));
        }
        return imageId;
    }
}
