package org.ballast.spark.shard;

import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.core.data.Domain;
import org.ballast.core.data.Quarantined;
import org.ballast.core.data.Reason;
import org.ballast.core.data.Turn;
import org.ballast.spark.io.Table;
import org.ballast.spark.rows.PromptRows;

/**
 * A row as read from a source, before ids are made unique and pictures are looked at; or, with a reason, one that could not be
 * read.
 *
 * @param input number of the input
 * @param position index of the row in its file
 * @param turn number of the turn in a conversation, -1 where the id is the key already
 * @param sample true for a row of {@code samples}, false for one of {@code prompts}
 * @param id of the source row, null when it has none
 * @param digest of the row's content: equal for rows that say the same
 * @param root number of the image root, -1 for a row without a picture
 * @param image normalised path below the root, null without a picture
 * @param labelName name of the class where the row itself tells it, null elsewhere
 * @param domain where the row itself tells it, null for that of the input
 * @param completions the source's responses, the best first
 * @param raw the row as text, cut to {@value Quarantined#MAX_RAW} characters
 */
record Candidate(
        int input,
        long position,
        int turn,
        boolean sample,
        String id,
        String digest,
        int root,
        String image,
        String caption,
        Integer label,
        String labelName,
        Domain domain,
        String prompt,
        List<Turn> history,
        List<SourceCompletion> completions,
        String kind,
        String split,
        Reason reason,
        String message,
        String raw) {

    static final StructType SCHEMA = new StructType()
            .add("input", DataTypes.IntegerType)
            .add("position", DataTypes.LongType)
            .add("turn", DataTypes.IntegerType)
            .add("sample", DataTypes.BooleanType)
            .add("id", DataTypes.StringType)
            .add("digest", DataTypes.StringType)
            .add("root", DataTypes.IntegerType)
            .add("image", DataTypes.StringType)
            .add("caption", DataTypes.StringType)
            .add("label", DataTypes.IntegerType)
            .add("label_name", DataTypes.StringType)
            .add("domain", DataTypes.StringType)
            .add("prompt", DataTypes.StringType)
            .add("history", DataTypes.createArrayType(PromptRows.TURN))
            .add("completions", DataTypes.createArrayType(SourceCompletion.SCHEMA))
            .add("kind", DataTypes.StringType)
            .add("split", DataTypes.StringType)
            .add("reason", DataTypes.StringType)
            .add("message", DataTypes.StringType)
            .add("raw", DataTypes.StringType);

    static final Table TABLE = new Table("candidates", SCHEMA, List.of("input", "position", "turn"), false, false);

    Candidate {
        raw = Quarantined.bounded(raw);
    }

    static Candidate sample(
            RowContext context,
            String id,
            String digest,
            String image,
            String caption,
            int label,
            String labelName,
            Domain domain,
            String split) {
        return new Candidate(
                context.index(),
                context.position(),
                -1,
                true,
                id,
                digest,
                context.root(),
                image,
                caption,
                label,
                labelName,
                domain,
                null,
                List.of(),
                List.of(),
                null,
                split,
                null,
                null,
                null);
    }

    static Candidate prompt(
            RowContext context,
            int turn,
            String id,
            String digest,
            String image,
            String prompt,
            List<SourceCompletion> completions,
            List<Turn> history,
            Integer label,
            String kind,
            String split) {
        return new Candidate(
                context.index(),
                context.position(),
                turn,
                false,
                id,
                digest,
                image == null ? -1 : context.root(),
                image,
                null,
                label,
                null,
                null,
                prompt,
                history,
                completions,
                kind,
                split,
                null,
                null,
                null);
    }

    static Candidate rejected(RowContext context, String id, Reason reason, String message, String raw) {
        return new Candidate(
                context.index(),
                context.position(),
                -1,
                context.input().givesSamples(),
                id,
                null,
                -1,
                null,
                null,
                null,
                null,
                null,
                null,
                List.of(),
                List.of(),
                null,
                null,
                reason,
                message,
                raw);
    }

    /** The same with the source's text of the row. */
    Candidate withRaw(String text) {
        return new Candidate(
                input,
                position,
                turn,
                sample,
                id,
                digest,
                root,
                image,
                caption,
                label,
                labelName,
                domain,
                prompt,
                history,
                completions,
                kind,
                split,
                reason,
                message,
                text);
    }

    Row toRow() {
        Object[] values = {
            input,
            position,
            turn,
            sample,
            id,
            digest,
            root,
            image,
            caption,
            label,
            labelName,
            domain == null ? null : domain.stored(),
            prompt,
            PromptRows.history(history),
            SourceCompletion.rows(completions),
            kind,
            split,
            reason == null ? null : reason.code(),
            message,
            raw
        };
        return new GenericRowWithSchema(values, SCHEMA);
    }
}
