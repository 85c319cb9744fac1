package org.ballast.spark.shard;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Locale;
import org.ballast.core.data.Prompt;
import org.ballast.core.data.Reason;
import org.ballast.core.data.RowRejected;
import org.ballast.core.data.Sha256;

/**
 * POPE (Li et al., EMNLP 2023): {@code question_id}, {@code image}, {@code text}, {@code label} yes or no, and here
 * {@code split}. The prompt is {@code <image>\n} + text, its only completion the label in lower case.
 */
final class PopeFormat implements AnnotationFormat {
    @Override
    public List<Candidate> candidates(JsonNode row, RowContext context) throws RowRejected {
        String kind = "pope-" + context.input().kind();
        String id = kind + "/" + AnnotationFormat.id(row, "question_id", context);
        String image = AnnotationFormat.image(row, context);
        String question = AnnotationFormat.text(row, "text", false);
        String label = AnnotationFormat.text(row, "label", true).toLowerCase(Locale.ROOT);
        if (!label.equals("yes") && !label.equals("no")) {
            throw new RowRejected(
                    Reason.BAD_LABEL, "label must be yes or no, was " + AnnotationFormat.shown(row.get("label")));
        }
        String split = split(row, context.input());
        String digest = Sha256.of(image, question, label, split);
        return List.of(Candidate.prompt(
                context,
                -1,
                id,
                digest,
                image,
                Prompt.IMAGE + "\n" + question,
                SourceCompletion.groundTruth(label),
                List.of(),
                null,
                kind,
                split));
    }

    /** The row's own, for a file holds the questions of several splits. */
    private static String split(JsonNode row, ShardInput input) throws RowRejected {
        if (!row.has("split") && input.split() != null) {
            return input.split();
        }
        return AnnotationFormat.plainSplit(AnnotationFormat.text(row, "split", false));
    }
}
