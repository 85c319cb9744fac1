package org.ballast.core.chat;

import java.net.http.HttpHeaders;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;

/** The header {@code Retry-After}: seconds, or a date (RFC 9110, 10.2.3). */
final class RetryAfter {
    private RetryAfter() {}

    /**
     * How long the server wants to be left alone. A date counts from the answer's own {@code Date}, so that the clocks need not agree.
     *
     * @return from zero to {@code most}; null where the header is absent or unreadable
     */
    static Duration of(HttpHeaders headers, Duration most, Clock clock) {
        String value = headers.firstValue("Retry-After").map(String::strip).orElse("");
        Duration asked;
        if (value.matches("[0-9]{1,9}")) {
            asked = Duration.ofSeconds(Long.parseLong(value));
        } else {
            Instant until = date(value);
            if (until == null) {
                return null;
            }
            Instant sent = headers.firstValue("Date").map(RetryAfter::date).orElse(null);
            asked = Duration.between(sent == null ? clock.instant() : sent, until);
        }
        if (asked.isNegative()) {
            return Duration.ZERO;
        }
        return asked.compareTo(most) > 0 ? most : asked;
    }

    private static Instant date(String value) {
        try {
            return ZonedDateTime.parse(value, DateTimeFormatter.RFC_1123_DATE_TIME)
                    .toInstant();
        } catch (DateTimeException e) {
            return null;
        }
    }
}
