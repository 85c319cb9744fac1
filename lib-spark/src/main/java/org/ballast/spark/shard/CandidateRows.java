package org.ballast.spark.shard;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import org.ballast.core.data.Reason;
import org.ballast.core.data.RowRejected;

/** One element of an annotation file to its candidates; whatever it is, there is at least one. */
final class CandidateRows {
    private CandidateRows() {}

    static List<Candidate> of(JsonNode row, RowContext context) {
        if (!row.isObject()) {
            return List.of(Candidate.rejected(
                    context,
                    null,
                    Reason.NOT_A_ROW,
                    "a row must be an object, was " + AnnotationFormat.shown(row),
                    row.toString()));
        }
        try {
            return context.input().format().format().candidates(row, context);
        } catch (RowRejected e) {
            return List.of(Candidate.rejected(context, id(row), e.reason(), e.getMessage(), row.toString()));
        }
    }

    /** The id as it stands, for the quarantine; null when there is none. */
    private static String id(JsonNode row) {
        for (String field : List.of("image_id", "id", "question_id")) {
            if (row.path(field).isValueNode() && !row.path(field).isNull()) {
                return row.get(field).asText();
            }
        }
        return null;
    }
}
