package org.ballast.spark.shard;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.ballast.core.data.Prompt;
import org.ballast.core.data.Reason;
import org.ballast.core.data.RowRejected;
import org.ballast.core.data.Turn;
import org.ballast.spark.picture.ImagePath;

/** How a row of a source is read. */
interface AnnotationFormat {
    /** Longest id: it becomes a key, and is repeated with each row that points at it. */
    int MAX_ID = 1_000;

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
        if (value.asText().length() > MAX_ID) {
            throw new RowRejected(
                    Reason.TOO_LONG,
                    "%s has %d characters, at most %d are read"
                            .formatted(field, value.asText().length(), MAX_ID));
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

    /** The text of a response, which must say something. */
    static String response(JsonNode value, String what) throws RowRejected {
        if (value == null || !value.isTextual()) {
            throw new RowRejected(Reason.MISSING_FIELD, what + " must be a text, was " + shown(value));
        }
        if (value.asText().isBlank()) {
            throw new RowRejected(Reason.EMPTY_RESPONSE, what + " says nothing: " + shown(value));
        }
        return value.asText();
    }

    /** The picture's path below the image root, normalised. */
    static String image(JsonNode row, RowContext context) throws RowRejected {
        JsonNode value = row.get("image");
        if (value == null
                || value.isNull()
                || (value.isTextual() && value.asText().isEmpty())) {
            throw new RowRejected(Reason.NO_IMAGE, "image must name a picture, was " + shown(value));
        }
        if (value.isArray() && value.size() > 1) {
            throw new RowRejected(Reason.MANY_IMAGES, "image must name one picture, was " + shown(value));
        }
        JsonNode one = value.isArray() && value.size() == 1 ? value.get(0) : value;
        if (!one.isTextual()) {
            throw new RowRejected(Reason.MISSING_FIELD, "image must be a text, was " + shown(value));
        }
        return image(one.asText(), context);
    }

    /** A picture's path below the image root, normalised. */
    static String image(String path, RowContext context) throws RowRejected {
        String image = ImagePath.normalised(path);
        if (context.root() < 0) {
            throw new RowRejected(
                    Reason.IMAGE_MISSING, "image '%s' is named, but the input has no image root".formatted(image));
        }
        return image;
    }

    /** A question with the place of its picture: where it has none, the picture comes before it, as LLaVA puts it. */
    static String question(String text, String image) {
        return image == null || text.contains(Prompt.IMAGE) ? text : Prompt.IMAGE + "\n" + text;
    }

    /** A score, which must be a finite number. */
    static double score(JsonNode value, String what) throws RowRejected {
        if (value == null || !value.isNumber()) {
            throw new RowRejected(Reason.MISSING_FIELD, what + " must be a number, was " + shown(value));
        }
        if (!Double.isFinite(value.doubleValue())) {
            throw new RowRejected(Reason.NOT_FINITE, what + " must be finite, was " + shown(value));
        }
        return value.doubleValue();
    }

    /** An optional class index; null for none. */
    static Integer optionalLabel(JsonNode row) throws RowRejected {
        JsonNode label = row.path("label");
        if (label.isMissingNode() || label.isNull()) {
            return null;
        }
        if (!label.isIntegralNumber() || !label.canConvertToInt()) {
            throw new RowRejected(Reason.BAD_LABEL, "label must be an integer, was " + shown(label));
        }
        return label.intValue();
    }

    /** Earlier turns, {@code history} of {@code prompt} and {@code response}; empty where there are none. */
    static List<Turn> history(JsonNode row) throws RowRejected {
        JsonNode history = row.path("history");
        if (!history.isMissingNode() && !history.isNull() && !history.isArray()) {
            throw new RowRejected(Reason.MISSING_FIELD, "history must be an array, was " + shown(history));
        }
        List<Turn> turns = new ArrayList<>();
        for (JsonNode turn : history) {
            turns.add(new Turn(text(turn, "prompt", true), text(turn, "response", true)));
        }
        return List.copyOf(turns);
    }

    /** The split that the row names where the input names none. */
    static String split(JsonNode row, RowContext context) throws RowRejected {
        if (context.input().split() != null) {
            return context.input().split();
        }
        return plainSplit(text(row, "split", false));
    }

    /** A split's name, which becomes a folder. */
    static String plainSplit(String split) throws RowRejected {
        if (!ShardInput.SPLIT.matcher(split).matches()) {
            throw new RowRejected(
                    Reason.MISSING_FIELD,
                    "split must be a plain name, was '%s'"
                            .formatted(split.length() <= 200 ? split : split.substring(0, 200) + "..."));
        }
        return split;
    }

    /** A value as it may stand in a message. */
    static String shown(JsonNode value) {
        String text = value == null ? "absent" : value.toString();
        return text.length() <= 200 ? text : text.substring(0, 200) + "...";
    }
}
