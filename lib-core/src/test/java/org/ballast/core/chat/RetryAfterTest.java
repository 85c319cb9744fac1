package org.ballast.core.chat;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpHeaders;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RetryAfterTest {
    private static final Clock CLOCK = Clock.fixed(Instant.parse("2026-03-01T10:00:00Z"), ZoneOffset.UTC);

    private static Duration of(String value, String date) {
        Map<String, List<String>> headers = new HashMap<>();
        headers.put("Retry-After", List.of(value));
        if (date != null) {
            headers.put("Date", List.of(date));
        }
        return RetryAfter.of(HttpHeaders.of(headers, (a, b) -> true), Duration.ofMinutes(2), CLOCK);
    }

    @Test
    void secondsAndDatesAreRead() {
        assertThat(of("30", null)).isEqualTo(Duration.ofSeconds(30));
        assertThat(of(" 0 ", null)).isZero();
        assertThat(of("Sun, 01 Mar 2026 10:01:00 GMT", null)).isEqualTo(Duration.ofMinutes(1));
    }

    @Test
    void dateCountsFromTheServersClock() {
        assertThat(of("Sun, 01 Mar 2026 10:01:00 GMT", "Sun, 01 Mar 2026 10:00:50 GMT"))
                .isEqualTo(Duration.ofSeconds(10));
    }

    @Test
    void pastIsNowAndTheFarFutureTheLimit() {
        assertThat(of("Sun, 01 Mar 2026 09:00:00 GMT", null)).isZero();
        assertThat(of("999999999", null)).isEqualTo(Duration.ofMinutes(2));
        assertThat(of("Sun, 01 Mar 2099 09:00:00 GMT", null)).isEqualTo(Duration.ofMinutes(2));
    }

    @Test
    void whatCannotBeReadIsAsIfItWereAbsent() {
        assertThat(of("soon", null)).isNull();
        assertThat(of("-1", null)).isNull();
        assertThat(of("9".repeat(40), null)).isNull();
        assertThat(RetryAfter.of(HttpHeaders.of(Map.of(), (a, b) -> true), Duration.ofMinutes(2), CLOCK))
                .isNull();
    }
}
