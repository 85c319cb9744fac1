package org.ballast.core.chat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.Serializable;
import java.net.URI;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import org.ballast.core.image.RgbConversion;

/**
 * Which model servers are asked, and how. Holds no secret: of the key only the name of the environment variable.
 *
 * @param endpoints base addresses such as {@code http://host:8000/v1}, one or several that serve the same model; without credentials
 * @param model its name at the servers
 * @param keyVariable the environment variable that holds the key where the model runs, in capitals; null: no key is sent
 * @param structured how an answer's JSON schema is asked for
 * @param weakenedEdge pixels: side of the square to which weakened pictures are cut
 * @param conversion how pictures that are weakened or sent as PNG become RGB
 * @param extra fields that are added to each request, a JSON object; {@code {}} for none
 */
public record ChatOptions(
        List<URI> endpoints,
        String model,
        String keyVariable,
        Limits limits,
        Retries retries,
        Health health,
        Structured structured,
        int weakenedEdge,
        RgbConversion conversion,
        String extra)
        implements Serializable {

    private static final Pattern VARIABLE = Pattern.compile("[A-Z][A-Z0-9_]*");
    private static final Set<String> OWN_FIELDS = Set.of(
            "model",
            "messages",
            "stream",
            "n",
            "seed",
            "temperature",
            "top_p",
            "max_tokens",
            "stop",
            "response_format");

    /** How a JSON schema is asked for: OpenAI's {@code json_schema}, any JSON object, or not at all. */
    public enum Structured {
        JSON_SCHEMA,
        JSON_OBJECT,
        NONE
    }

    /**
     * Bounds of one process, and of one request.
     *
     * @param perProcess requests in flight
     * @param perEndpoint requests in flight at one endpoint
     * @param connect until a connection stands
     * @param request from the sending of a request to the last byte of its answer
     * @param answerBytes longest answer that is read
     */
    public record Limits(int perProcess, int perEndpoint, Duration connect, Duration request, int answerBytes)
            implements Serializable {
        public Limits {
            require(perProcess >= 1, "limits.perProcess", perProcess, "at least 1");
            require(perEndpoint >= 1, "limits.perEndpoint", perEndpoint, "at least 1");
            requirePositive(connect, "limits.connect");
            requirePositive(request, "limits.request");
            require(answerBytes >= 1, "limits.answerBytes", answerBytes, "at least 1");
        }
    }

    /**
     * When a request is sent again.
     *
     * @param faults most retries of a request after faults of servers and connections
     * @param busy most retries of a request after servers said that they have too much to do
     * @param first wait before the first retry; doubles with each, and varies by a quarter
     * @param most longest such wait
     * @param mostAsked longest wait that a server's {@code Retry-After} is granted
     */
    public record Retries(int faults, int busy, Duration first, Duration most, Duration mostAsked)
            implements Serializable {
        public Retries {
            require(faults >= 0, "retries.faults", faults, "at least 0");
            require(busy >= 0, "retries.busy", busy, "at least 0");
            requirePositive(first, "retries.first");
            require(most.compareTo(first) > 0, "retries.most", most, "longer than the first wait of " + first);
            requirePositive(mostAsked, "retries.mostAsked");
        }
    }

    /**
     * When an endpoint is left alone.
     *
     * @param failures of the last {@code of} requests, after which an endpoint gets no more
     * @param probeAfter until one request tries it again
     * @param outage after which, with failures and not one answer from any endpoint, the model is given up
     */
    public record Health(int failures, int of, Duration probeAfter, Duration outage) implements Serializable {
        public Health {
            require(failures >= 1, "health.failures", failures, "at least 1");
            require(of >= failures, "health.of", of, "at least the " + failures + " failures");
            requirePositive(probeAfter, "health.probeAfter");
            requirePositive(outage, "health.outage");
        }
    }

    public ChatOptions {
        endpoints = endpoints.stream().map(ChatOptions::base).toList();
        require(!endpoints.isEmpty(), "endpoints", endpoints, "at least one address");
        require(new HashSet<>(endpoints).size() == endpoints.size(), "endpoints", endpoints, "different addresses");
        require(!model.isBlank(), "model", model, "a name");
        // the value is not shown: it may be the key itself, put there by mistake
        if (keyVariable != null && !VARIABLE.matcher(keyVariable).matches()) {
            throw new IllegalArgumentException(
                    "keyVariable must be the name of an environment variable in capitals, not a key");
        }
        Objects.requireNonNull(structured, "structured");
        Objects.requireNonNull(conversion, "conversion");
        require(weakenedEdge >= 1, "weakenedEdge", weakenedEdge, "at least 1");
        // a request that is still under way is no sign of an outage
        require(
                health.outage.compareTo(limits.request) > 0,
                "health.outage",
                health.outage,
                "longer than the " + limits.request + " that a request may take");
        requireExtra(extra);
    }

    private static URI base(URI endpoint) {
        if (endpoint.getRawUserInfo() != null) {
            throw new IllegalArgumentException("the address of " + endpoint.getHost()
                    + " holds credentials: keys come from an environment variable");
        }
        boolean web = "http".equals(endpoint.getScheme()) || "https".equals(endpoint.getScheme());
        require(
                web
                        && endpoint.getHost() != null
                        && endpoint.getRawQuery() == null
                        && endpoint.getRawFragment() == null,
                "endpoint",
                endpoint,
                "an address such as http://host:8000/v1");
        return URI.create(endpoint.toString().replaceAll("/+$", ""));
    }

    private static void requireExtra(String extra) {
        JsonNode node;
        try {
            node = new ObjectMapper().readTree(extra);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("extra must be a JSON object: " + e.getOriginalMessage(), e);
        }
        require(node.isObject(), "extra", extra, "a JSON object");
        node.fieldNames()
                .forEachRemaining(name ->
                        require(!OWN_FIELDS.contains(name), "extra", name, "fields that are not set otherwise"));
    }

    private static void requirePositive(Duration duration, String name) {
        require(duration.compareTo(Duration.ZERO) > 0, name, duration, "positive");
    }

    private static void require(boolean holds, String name, Object value, String range) {
        if (!holds) {
            throw new IllegalArgumentException(name + " must be " + range + ", is " + value);
        }
    }
}
