package org.ballast.spark.shard;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import org.ballast.core.data.Reason;
import org.ballast.core.data.RowRejected;

/** One row of a source to its candidates; whatever it is, there is at least one. */
final class CandidateRows {
    private static final List<String> ID_FIELDS =
            List.of("image_id", "id", "question_id", "idx", "sample_id", "prompt_id", "file_name", PictureSidecars.KEY);

    /** Longest id that is taken from a row that could not be used. */
    private static final int MAX_ID = 200;

    private CandidateRows() {}

    static List<Candidate> of(SourceRow row, RowContext context) {
        if (row.reason() != null) {
            return List.of(Candidate.rejected(context, null, row.reason(), row.message(), row.raw()));
        }
        JsonNode json = row.json();
        if (!json.isObject()) {
            return List.of(Candidate.rejected(
                    context,
                    null,
                    Reason.NOT_A_ROW,
                    "a row must be an object, was " + AnnotationFormat.shown(json),
                    row.raw()));
        }
        try {
            return context.input().format().format().candidates(json, context).stream()
                    .map(candidate -> candidate.withRaw(row.raw()))
                    .toList();
        } catch (RowRejected e) {
            return List.of(Candidate.rejected(context, id(json), e.reason(), e.getMessage(), row.raw()));
        }
    }

    /** The id as it stands, for the quarantine; null when there is none. */
    private static String id(JsonNode row) {
        for (String field : ID_FIELDS) {
            if (row.path(field).isValueNode() && !row.path(field).isNull()) {
                String id = row.get(field).asText();
                return id.length() <= MAX_ID ? id : id.substring(0, MAX_ID);
            }
        }
        return null;
    }
}
