package org.ballast.spark.export;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.apache.spark.sql.Row;
import org.ballast.core.data.Turn;

/** The JSON that exports are written in: one line, fields in the order in which they were put. */
final class JsonText {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private JsonText() {}

    static ObjectNode object() {
        return MAPPER.createObjectNode();
    }

    static String of(ObjectNode node) {
        try {
            return MAPPER.writeValueAsString(node);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree of JSON nodes is always JSON", e);
        }
    }

    static String indented(ObjectNode node) {
        return node.toPrettyString() + "\n";
    }

    /** Puts a value of a column unless it is null. */
    static void put(ObjectNode node, String name, Object value) {
        if (value != null) {
            node.set(name, MAPPER.valueToTree(value));
        }
    }

    /** Puts a score, as a whole number where it is one: what the format's own files hold. */
    static void putScore(ObjectNode node, double score) {
        if (score == Math.rint(score) && Math.abs(score) < 1e15) {
            node.put("score", (long) score);
        } else {
            node.put("score", score);
        }
    }

    /** Puts earlier turns as {@code [{prompt, response}]} unless there is none. */
    static void putHistory(ObjectNode node, Iterable<Turn> history) {
        ArrayNode turns = MAPPER.createArrayNode();
        history.forEach(turn -> turns.addObject().put("prompt", turn.prompt()).put("response", turn.response()));
        if (!turns.isEmpty()) {
            node.set("history", turns);
        }
    }

    /** Puts the completions of {@link TextRows#PROMPT_BODY}: {@code [{score, response, type}]}, the best first. */
    static void putCompletions(ObjectNode node, Iterable<Row> completions) {
        ArrayNode list = node.putArray("completions");
        for (Row completion : completions) {
            ObjectNode one = list.addObject();
            putScore(one, completion.<Double>getAs("score"));
            one.put("response", completion.<String>getAs("response"));
            one.put("type", completion.<String>getAs("type"));
        }
    }
}
