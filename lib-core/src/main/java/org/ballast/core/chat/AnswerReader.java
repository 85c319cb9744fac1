package org.ballast.core.chat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.stream.Stream;
import org.ballast.core.data.Reason;
import org.ballast.core.response.ResponseModel.Failure;
import org.ballast.core.response.ResponseModel.Outcome;
import org.ballast.core.response.ResponseModel.Reply;

/** What an HTTP answer means. */
final class AnswerReader {
    /** Characters of a server's text in a message. */
    static final int SHOWN = 500;

    private static final ObjectMapper JSON = new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private final ChatOptions options;
    private final ServerKey key;

    AnswerReader(ChatOptions options, ServerKey key) {
        this.options = options;
        this.key = key;
    }

    /**
     * What came of a request.
     *
     * @param formatted whether a response format was asked for
     * @throws TryAgain where it may be sent again
     * @throws ModelServerException for what no row can help
     */
    Outcome read(Endpoint endpoint, HttpResponse<BoundedBody.Content> response, boolean formatted) throws TryAgain {
        int status = response.statusCode();
        if (status == 200) {
            return response.body().cut()
                    ? failed("answer of more than " + options.limits().answerBytes() + " bytes")
                    : completion(response.body().bytes());
        }
        if (status >= 300 && status < 400) {
            throw new ModelServerException("%s redirects (%d) to %s: not followed, name the server itself"
                    .formatted(
                            endpoint,
                            status,
                            response.headers()
                                    .firstValue("Location")
                                    .map(to -> key.shown(to, SHOWN))
                                    .orElse("nowhere")));
        }
        if (status == 401 || status == 402 || status == 403 || status == 407) {
            throw new ModelServerException("%s refuses the key (%d): %s".formatted(endpoint, status, key.origin()));
        }
        String said = "%d%s".formatted(status, message(response.body().bytes()));
        if (formatted && refusesFormat(status, response.body().bytes())) {
            throw new TryAgain(RetryCause.FORMAT, said);
        }
        if (status == 404 || status == 405) {
            throw new ModelServerException("%s does not serve the model '%s' for chat completions: %s"
                    .formatted(endpoint, options.model(), said));
        }
        var retryAfter = RetryAfter.of(response.headers(), options.retries().mostAsked(), Clock.systemUTC());
        if (status == 429 || (status == 503 && retryAfter != null)) {
            throw new TryAgain(RetryCause.BUSY, said, retryAfter);
        }
        if (status == 502 || status == 503 || status == 504) {
            throw new TryAgain(RetryCause.UNREACHABLE, said);
        }
        if (status >= 500 || status == 408) {
            throw new TryAgain(RetryCause.SERVER_ERROR, said);
        }
        if (status < 300) {
            throw new TryAgain(RetryCause.MALFORMED, "an answer with the status " + said);
        }
        return failed(said);
    }

    /** A bad request that may be one for its response format. Some servers call that a fault of their own, and name the field. */
    private static boolean refusesFormat(int status, byte[] body) {
        return status == 400
                || status == 422
                || ((status == 500 || status == 501)
                        && new String(body, StandardCharsets.UTF_8).contains(RequestBody.RESPONSE_FORMAT));
    }

    private Outcome completion(byte[] bytes) throws TryAgain {
        JsonNode answer;
        try {
            answer = JSON.readTree(bytes);
        } catch (JsonProcessingException e) {
            throw new TryAgain(
                    RetryCause.MALFORMED, "an answer that is no JSON: " + key.shown(e.getOriginalMessage(), 200));
        } catch (IOException e) {
            throw new TryAgain(RetryCause.MALFORMED, "an answer that is no text: " + e.getMessage());
        }
        JsonNode choice = answer.path("choices").path(0);
        JsonNode message = choice.path("message");
        if (!message.isObject()) {
            throw new TryAgain(RetryCause.MALFORMED, "an answer that is no chat completion" + message(bytes));
        }
        if (message.path("refusal").isTextual()) {
            return new Failure(
                    Reason.REFUSED,
                    "the server declined: " + key.shown(message.path("refusal").asText(), SHOWN));
        }
        String finish = choice.path("finish_reason").asText("stop");
        return switch (finish) {
            case "stop", "eos", "null" -> reply(answer, message, "stop");
            case "length" -> reply(answer, message, "length");
            case "content_filter" -> new Failure(Reason.REFUSED, "the server's filter kept the answer back");
            case "abort", "error" -> throw new TryAgain(
                    RetryCause.SERVER_ERROR, "a generation that the server broke off");
            default -> failed("the answer ended for the reason '" + key.shown(finish, 50) + "'");
        };
    }

    private static Reply reply(JsonNode answer, JsonNode message, String finishReason) throws TryAgain {
        JsonNode usage = answer.path("usage");
        return new Reply(
                text(message.path("content")),
                finishReason,
                Math.max(0, usage.path("prompt_tokens").asInt(0)),
                Math.max(0, usage.path("completion_tokens").asInt(0)));
    }

    /** A text, or the texts of a list of parts; empty for none. */
    private static String text(JsonNode content) throws TryAgain {
        if (content.isTextual()) {
            return content.textValue();
        }
        if (content.isArray()) {
            var text = new StringBuilder();
            content.forEach(part -> text.append(part.path("text").asText("")));
            return text.toString();
        }
        if (content.isNull() || content.isMissingNode()) {
            return "";
        }
        throw new TryAgain(RetryCause.MALFORMED, "an answer whose content is no text");
    }

    private static Failure failed(String message) {
        return new Failure(Reason.GENERATION_FAILED, message);
    }

    /** What a server says of an error, behind a colon: of the forms that are usual, else as it is. Empty for nothing. */
    private String message(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.UTF_8);
        try {
            JsonNode body = JSON.readTree(bytes);
            JsonNode error = body.path("error");
            text = Stream.of(error.path("message"), error, body.path("message"), body.path("detail"))
                    .filter(JsonNode::isTextual)
                    .map(JsonNode::textValue)
                    .findFirst()
                    .orElse(text);
        } catch (IOException e) {
            // a page of a proxy: shown as it is
        }
        String shown = key.shown(text, SHOWN);
        return shown.isEmpty() ? "" : ": " + shown;
    }
}
