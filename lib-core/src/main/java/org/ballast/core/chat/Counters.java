package org.ballast.core.chat;

import java.util.HashMap;
import java.util.Map;
import org.ballast.core.chat.ChatStatistics.OfEndpoint;
import org.ballast.core.response.ResponseModel.Failure;
import org.ballast.core.response.ResponseModel.Outcome;
import org.ballast.core.response.ResponseModel.Reply;

/** Counts what becomes a {@link ChatStatistics}. */
final class Counters {
    private ChatStatistics total = ChatStatistics.NONE;
    private ChatStatistics taken = ChatStatistics.NONE;

    void sent(Endpoint endpoint) {
        add(null, endpoint, new OfEndpoint(1, 0, 0, 0, 0));
    }

    void ended(Endpoint endpoint, double seconds) {
        add(null, endpoint, new OfEndpoint(0, 0, 0, 0, seconds));
    }

    void again(Endpoint endpoint, RetryCause cause) {
        OfEndpoint of =
                switch (cause) {
                    case BUSY -> new OfEndpoint(0, 0, 1, 0, 0);
                    case FORMAT -> OfEndpoint.NONE;
                    default -> new OfEndpoint(0, 1, 0, 0, 0);
                };
        add(cause, endpoint, of);
    }

    void opened(Endpoint endpoint) {
        add(null, endpoint, new OfEndpoint(0, 0, 0, 1, 0));
    }

    synchronized void done(Outcome outcome) {
        if (outcome instanceof Reply reply) {
            total = total.plus(
                    new ChatStatistics(0, 1, 0, Map.of(), 0, reply.promptTokens(), reply.completionTokens(), Map.of()));
        } else if (outcome instanceof Failure) {
            total = total.plus(new ChatStatistics(0, 0, 1, Map.of(), 0, 0, 0, Map.of()));
        }
    }

    synchronized ChatStatistics total() {
        return total;
    }

    /** What was counted since the last call. */
    synchronized ChatStatistics take() {
        ChatStatistics since = total.minus(taken);
        taken = total;
        return since;
    }

    private synchronized void add(RetryCause cause, Endpoint endpoint, OfEndpoint of) {
        Map<String, Long> retries = new HashMap<>();
        if (cause != null) {
            retries.put(cause.code(), 1L);
        }
        total = total.plus(
                new ChatStatistics(of.requests(), 0, 0, retries, of.seconds(), 0, 0, Map.of(endpoint.toString(), of)));
    }
}
