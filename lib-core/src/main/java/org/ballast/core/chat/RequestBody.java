package org.ballast.core.chat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.UncheckedIOException;
import org.ballast.core.chat.ChatOptions.Structured;
import org.ballast.core.data.ItemRandom;
import org.ballast.core.data.Prompt;
import org.ballast.core.data.Turn;
import org.ballast.core.mllm.generate.Contrast;
import org.ballast.core.mllm.generate.GenerationOptions;
import org.ballast.core.response.ResponseRequest;

/** The JSON of a request. The fields top_k, min_tokens and repetition_penalty, which OpenAI does not know, stand in it only where they are asked for. */
final class RequestBody {
    /** The field that asks for JSON. */
    static final String RESPONSE_FORMAT = "response_format";

    private static final ObjectMapper JSON = new ObjectMapper();

    private final ChatOptions chat;

    RequestBody(ChatOptions chat) {
        this.chat = chat;
    }

    /** @throws IllegalArgumentException for what no chat server does */
    static void requirePossible(GenerationOptions options) {
        if (options.contrast() != null && options.contrast().direction() != Contrast.Direction.NOISED) {
            throw new IllegalArgumentException("direction "
                    + options.contrast().direction().code()
                    + ": contrastive decoding needs the logits of both pictures, which no chat server gives");
        }
    }

    /** Whether a response format would be asked for. */
    boolean wantsFormat(ResponseRequest request) {
        return request.jsonSchema() != null && chat.structured() != Structured.NONE;
    }

    /**
     * @param picture data URI, or null
     * @param format whether to ask for the request's JSON schema
     */
    byte[] write(ResponseRequest request, String picture, GenerationOptions options, boolean format) {
        try {
            ObjectNode body = (ObjectNode) JSON.readTree(chat.extra());
            body.put("model", chat.model());
            ArrayNode messages = body.putArray("messages");
            if (request.system() != null) {
                messages.addObject().put("role", "system").put("content", request.system());
            }
            String unplaced = picture;
            for (Turn turn : request.history()) {
                boolean here = turn.prompt().contains(Prompt.IMAGE);
                content(messages.addObject().put("role", "user"), turn.prompt(), here ? unplaced : null);
                messages.addObject().put("role", "assistant").put("content", turn.response());
                unplaced = here ? null : unplaced;
            }
            content(messages.addObject().put("role", "user"), request.prompt(), unplaced);
            sampling(body, options);
            body.put("seed", seed(options, request.id()));
            if (format && wantsFormat(request)) {
                format(body.putObject(RESPONSE_FORMAT), request.jsonSchema());
            }
            return JSON.writeValueAsBytes(body);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The same for the same run, row and attempt: in 1 .. 2^31 - 2. */
    static int seed(GenerationOptions options, String id) {
        return ItemRandom.of(options.seed(), "sample", id, options.attempt()).nextInt(1, Integer.MAX_VALUE);
    }

    private static void content(ObjectNode message, String prompt, String picture) {
        if (picture == null) {
            message.put("content", prompt);
            return;
        }
        int at = prompt.indexOf(Prompt.IMAGE);
        // blanks around the mark belong to the template of a model; the server has its own
        String before = at < 0 ? "" : prompt.substring(0, at).strip();
        String after =
                at < 0 ? prompt : prompt.substring(at + Prompt.IMAGE.length()).strip();
        ArrayNode parts = message.putArray("content");
        text(parts, before);
        parts.addObject().put("type", "image_url").putObject("image_url").put("url", picture);
        text(parts, after);
    }

    private static void text(ArrayNode parts, String text) {
        if (!text.isEmpty()) {
            parts.addObject().put("type", "text").put("text", text);
        }
    }

    private static void sampling(ObjectNode body, GenerationOptions options) {
        body.put("temperature", options.temperature());
        body.put("top_p", options.topP());
        body.put("max_tokens", options.maxTokens());
        if (options.topK() > 0) {
            body.put("top_k", options.topK());
        }
        if (options.minTokens() > 1) {
            body.put("min_tokens", options.minTokens());
        }
        if (options.repetitionPenalty() != 1) {
            body.put("repetition_penalty", options.repetitionPenalty());
        }
        if (!options.stopStrings().isEmpty()) {
            ArrayNode stop = body.putArray("stop");
            options.stopStrings().forEach(stop::add);
        }
    }

    private void format(ObjectNode format, String schema) throws JsonProcessingException {
        if (chat.structured() == Structured.JSON_OBJECT) {
            format.put("type", "json_object");
            return;
        }
        format.put("type", "json_schema");
        format.putObject("json_schema")
                .put("name", "answer")
                .put("strict", true)
                .set("schema", JSON.readTree(schema));
    }
}
