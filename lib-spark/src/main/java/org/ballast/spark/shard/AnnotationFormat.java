package org.ballast.spark.shard;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import org.ballast.core.data.Reason;
import org.ballast.core.data.RowRejected;
import org.ballast.spark.picture.ImagePath;

/** How a row of an annotation file is read. */
interface AnnotationFormat {
    /**
     * What one row gives: at least one candidate.
     *
     * @param row a JSON object
     * @throws RowRejected when it cannot be used
     */
    List<Candidate> candidates(JsonNode row, RowContext context) throws RowRejected;

    /** The text of a field, or of a number where ids may be numbers. */
    static String id(JsonNode row, String field, RowContext context) throws RowRejected {
        JsonNode value = row.get(field);
        if (value == null
                || !(value.isTextual() || value.isIntegralNumber())
                || value.asText().isEmpty()) {
            throw new RowRejected(Reason.MISSING_FIELD, field + " must be a text or an integer, was " + shown(value));
        }
        return context.input().idPrefix() + value.asText();
    }

    /** The text of a field. */
    static String text(JsonNode row, String field, boolean mayBeEmpty) throws RowRejected {
        JsonNode value = row.get(field);
        if (value == null
                || !value.isTextual()
                || (!mayBeEmpty && value.asText().isBlank())) {
            throw new RowRejected(Reason.MISSING_FIELD, field + " must be a text, was " + shown(value));
        }
        return value.asText();
    }

    /** The picture's path below the image root, normalised. */
    static String image(JsonNode row) throws RowRejected {
        JsonNode value = row.get("image");
        if (value == null
                || value.isNull()
                || (value.isTextual() && value.asText().isEmpty())) {
            throw new RowRejected(Reason.NO_IMAGE, "image must name a picture, was " + shown(value));
        }
        if (!value.isTextual()) {
            throw new RowRejected(Reason.MISSING_FIELD, "image must be a text, was " + shown(value));
        }
        return ImagePath.normalised(value.asText());
    }

    /** A value as it may stand in a message. */
    static String shown(JsonNode value) {
        String text = value == null ? "absent" : value.toString();
        return text.length() <= 200 ? text : text.substring(0, 200) + "...";
    }
}
