package org.ballast.spark.shard;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.Map;
import org.ballast.core.data.Quarantined;
import org.ballast.core.data.Reason;

/** The text of one row to its value, strictly: valid UTF-8, one value, no field twice, bounded nesting, no unpaired surrogate. */
final class JsonText {
    /** Deepest nesting of a row: the deepest format of the field, VLFeedback, has six levels. */
    static final int MAX_DEPTH = 64;

    /** Longest message of the parser that is shown. */
    private static final int MAX_MESSAGE = 300;

    private static final JsonFactory FACTORY = new JsonFactoryBuilder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(MAX_DEPTH)
                    .maxStringLength(JsonRows.MAX_ROW_BYTES)
                    .maxNumberLength(100)
                    .build())
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            // field names of hostile rows would stay in the pool of the process
            .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
            .build();

    private static final ObjectMapper MAPPER =
            new ObjectMapper(FACTORY).enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private JsonText() {}

    /**
     * Reads a row.
     *
     * @param text UTF-8, its first {@code length} bytes
     * @param where shown in the message of a malformed row
     */
    static SourceRow row(byte[] text, int length, Object where) {
        String decoded;
        try {
            decoded = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(text, 0, length))
                    .toString();
        } catch (CharacterCodingException e) {
            return SourceRow.rejected(
                    Reason.MALFORMED_ROW,
                    "the row (%s) is no UTF-8 text".formatted(where),
                    shown(text, Math.min(length, 4 * Quarantined.MAX_RAW)));
        }
        String raw = Quarantined.bounded(decoded);
        try {
            JsonNode json = MAPPER.readTree(decoded);
            if (json == null || json.isMissingNode()) {
                return SourceRow.rejected(Reason.MALFORMED_ROW, "the row (%s) is empty".formatted(where), raw);
            }
            if (decoded.contains("\\u") && hasUnpairedSurrogate(json)) {
                return SourceRow.rejected(
                        Reason.MALFORMED_ROW,
                        "the row (%s) holds half of a surrogate pair, which is no character".formatted(where),
                        raw);
            }
            return SourceRow.of(json, raw);
        } catch (JsonProcessingException e) {
            String message = e.getOriginalMessage();
            return SourceRow.rejected(
                    Reason.MALFORMED_ROW,
                    "the row (%s) is no JSON that is read: %s"
                            .formatted(
                                    where,
                                    message.length() <= MAX_MESSAGE
                                            ? message
                                            : message.substring(0, MAX_MESSAGE) + "..."),
                    raw);
        }
    }

    /** Bytes as text for people, whatever they are. */
    static String shown(byte[] text, int length) {
        return new String(text, 0, length, StandardCharsets.UTF_8);
    }

    /** Such a text would be stored with a question mark in its place, and two ids might become one. */
    private static boolean hasUnpairedSurrogate(JsonNode node) {
        if (node.isTextual()) {
            return unpaired(node.textValue());
        }
        for (Iterator<Map.Entry<String, JsonNode>> fields = node.fields(); fields.hasNext(); ) {
            Map.Entry<String, JsonNode> field = fields.next();
            if (unpaired(field.getKey()) || hasUnpairedSurrogate(field.getValue())) {
                return true;
            }
        }
        if (node.isArray()) {
            for (JsonNode element : node) {
                if (hasUnpairedSurrogate(element)) {
                    return true;
                }
            }
        }
        return false;
    }

    private static boolean unpaired(String text) {
        return text.codePoints()
                .anyMatch(point -> point >= Character.MIN_SURROGATE && point <= Character.MAX_SURROGATE);
    }
}
