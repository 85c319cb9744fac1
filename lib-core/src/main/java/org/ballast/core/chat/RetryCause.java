package org.ballast.core.chat;

import java.util.Locale;

/** Why a request is sent again. */
enum RetryCause {
    /** 429, or 503 with {@code Retry-After}: the server lives and has too much to do. */
    BUSY,
    /** Refused, reset or cut connections, and what a proxy says of a server that it does not reach: 502, 503, 504. */
    UNREACHABLE,
    /** Any other 5xx, 408, or a generation that the server broke off. */
    SERVER_ERROR,
    /** An answer that is no JSON, or not of the form of chat completions. */
    MALFORMED,
    /** No whole answer in time. */
    TIMEOUT,
    /** A request that was not taken with its {@code response_format}: 400, 422, or 500 and 501 that name the field. */
    FORMAT;

    /** The name in statistics. */
    String code() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
