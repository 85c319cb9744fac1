package org.ballast.jobs.negatives;

import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.ballast.core.chat.ChatOptions;
import org.ballast.core.config.Settings;
import org.ballast.core.image.RgbConversion;
import org.ballast.spark.negative.NegativeOptions;

/** The keys of {@code chat}: which model servers are asked, and how. */
final class ChatSettings {
    private static final String STANDING_IN = "http://localhost/v1";

    private ChatSettings() {}

    /** @param needed false: the keys are checked, but no server is asked */
    static Optional<NegativeOptions.Servers> read(Settings settings, boolean needed, RgbConversion pictures) {
        List<String> endpoints = settings.strings("endpoints");
        if (needed && endpoints.isEmpty()) {
            settings.fault("endpoints", "names none: a policy has backend = chat, and asks model servers");
        }
        if (needed && settings.isNull("model")) {
            settings.fault("model", "is missing: a policy has backend = chat, and servers want the name of the model");
        }
        Settings retries = settings.section("retries");
        Settings health = settings.section("health");
        ChatOptions.Limits limits = new ChatOptions.Limits(
                settings.integer("concurrency", 1, 100_000),
                settings.integer("concurrency-per-endpoint", 1, 100_000),
                seconds(settings, "connect-seconds"),
                seconds(settings, "request-seconds"),
                settings.integer("answer-bytes", 1, Integer.MAX_VALUE));
        double perMinute = settings.number("requests-per-minute", 0, 1e9);
        int faults = retries.integer("faults", 0, 10_000);
        int busy = retries.integer("busy", 0, 10_000);
        Duration first = seconds(retries, "first-wait-seconds");
        Duration most = seconds(retries, "longest-wait-seconds");
        Duration asked = seconds(retries, "retry-after-seconds");
        int failures = health.integer("failures", 1, 10_000);
        int of = health.integer("of", 1, 10_000);
        Duration probe = seconds(health, "probe-after-seconds");
        Duration outage = seconds(health, "outage-seconds");
        ChatOptions.Structured structured = settings.choice("structured", ChatOptions.Structured.class);
        int edge = settings.integer("weakened-edge", 1, 10_000);
        try {
            ChatOptions chat = new ChatOptions(
                    (endpoints.isEmpty() ? List.of(STANDING_IN) : endpoints)
                            .stream().map(URI::create).toList(),
                    settings.optionalString("model").orElse("none"),
                    settings.optionalString("key-variable").orElse(null),
                    limits,
                    new ChatOptions.Retries(faults, busy, first, most, asked),
                    new ChatOptions.Health(failures, of, probe, outage),
                    structured,
                    edge,
                    pictures,
                    settings.string("extra"));
            return needed
                    ? Optional.of(new NegativeOptions.Servers(chat, perMinute == 0 ? null : perMinute))
                    : Optional.empty();
        } catch (IllegalArgumentException e) {
            settings.fault("endpoints", "and what follows cannot be used: " + e.getMessage());
            return Optional.empty();
        }
    }

    private static Duration seconds(Settings settings, String key) {
        return Duration.ofNanos((long) (settings.number(key, 1e-3, 86_400) * 1e9));
    }
}
