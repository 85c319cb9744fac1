package org.ballast.core.chat;

import dev.failsafe.FailsafeExecutor;
import java.net.http.HttpResponse;
import java.util.Collection;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.ballast.core.data.Reason;
import org.ballast.core.image.ImageRejected;
import org.ballast.core.mllm.generate.GenerationOptions;
import org.ballast.core.response.ResponseModel.Failure;
import org.ballast.core.response.ResponseModel.Outcome;
import org.ballast.core.response.ResponseRequest;

/**
 * One request until it has an outcome. An attempt takes a place of the process, makes the picture, takes a permit and an endpoint, and sends; it gives the place
 * back before it waits to be made again.
 */
final class Call {
    private final Service service;
    private final ResponseRequest request;
    private final GenerationOptions options;
    private final Map<RetryCause, Integer> faults = new EnumMap<>(RetryCause.class);
    private final CompletableFuture<Outcome> outcome;
    private Endpoint last;
    private long firstSent;
    private int sent;
    /** The endpoint that did not take the request with its response format, and what it said. */
    private Endpoint refusing;

    private String refusal;
    private volatile boolean cancelled;
    private volatile CompletableFuture<?> current = CompletableFuture.completedFuture(null);

    /** What the calls of a model share. */
    record Service(
            ChatOptions chat,
            Gate gate,
            RequestPermits permits,
            EndpointPool pool,
            Outage outage,
            Pictures pictures,
            RequestBody body,
            ChatClient client,
            AnswerReader reader,
            Counters counters,
            Executor workers,
            FailsafeExecutor<Outcome> retrying) {}

    Call(Service service, ResponseRequest request, GenerationOptions options) {
        this.service = service;
        this.request = request;
        this.options = options;
        outcome = service.retrying.getStageAsync(this::attempt);
    }

    /** Done once; fails with what is no matter of this row. */
    CompletableFuture<Outcome> outcome() {
        return outcome;
    }

    /** Gives up on them: closes the connections that they have. None starts in the place of another. */
    static void cancel(Collection<Call> calls) {
        calls.forEach(call -> call.cancelled = true);
        calls.forEach(Call::cancel);
    }

    private void cancel() {
        current.cancel(true);
        outcome.cancel(true);
    }

    @SuppressWarnings("FutureReturnValueIgnored")
    private CompletableFuture<Outcome> attempt() {
        // a future of its own: cancelling it must not keep the steps from giving back what they took
        var attempt = new CompletableFuture<Outcome>();
        track(service.gate.enter())
                .thenCompose(place -> started(this::inPlace).whenComplete((done, fault) -> service.gate.leave()))
                .whenComplete((done, thrown) -> {
                    Throwable fault = thrown instanceof CompletionException ? thrown.getCause() : thrown;
                    if (fault instanceof ImageRejected rejected) {
                        attempt.complete(new Failure(Reason.of(rejected.reason().code()), rejected.getMessage()));
                    } else if (fault != null) {
                        attempt.completeExceptionally(fault);
                    } else {
                        attempt.complete(done);
                    }
                });
        return attempt;
    }

    /** A request that is not taken with its response format goes without it at once, before those that wait make the same mistake. */
    private CompletionStage<Outcome> inPlace() {
        return tried().exceptionallyCompose(
                        thrown -> thrown.getCause() instanceof TryAgain fault && fault.retryCause() == RetryCause.FORMAT
                                ? tried()
                                : CompletableFuture.failedFuture(thrown));
    }

    private CompletionStage<Outcome> tried() {
        return CompletableFuture.supplyAsync(this::picture, service.workers)
                .thenCompose(picture -> track(service.permits.acquire().toCompletableFuture())
                        .thenCompose(permit -> track(service.pool.take(last)))
                        .thenComposeAsync(endpoint -> exchange(endpoint, picture), service.workers));
    }

    private String picture() {
        if (cancelled) {
            throw new CancellationException();
        }
        try {
            return service.pictures.dataUri(request);
        } catch (ImageRejected e) {
            throw new CompletionException(e);
        }
    }

    private CompletionStage<Outcome> exchange(Endpoint endpoint, String picture) {
        long start = System.nanoTime();
        boolean formatted = refusing == null && !endpoint.refusesFormat() && service.body.wantsFormat(request);
        CompletableFuture<HttpResponse<BoundedBody.Content>> answer;
        try {
            if (cancelled) {
                throw new CancellationException();
            }
            byte[] body = service.body.write(request, picture, options, formatted);
            answer = service.client.send(endpoint, body);
        } catch (RuntimeException e) {
            service.pool.abandoned(endpoint);
            throw e;
        }
        service.counters.sent(endpoint);
        if (sent++ == 0) {
            firstSent = start;
        }
        return track(answer)
                .handleAsync(
                        (response, fault) -> {
                            service.counters.ended(endpoint, (System.nanoTime() - start) / 1e9);
                            return settle(endpoint, formatted, response, fault);
                        },
                        service.workers);
    }

    private Outcome settle(
            Endpoint endpoint, boolean formatted, HttpResponse<BoundedBody.Content> response, Throwable thrown) {
        Outcome done;
        try {
            if (thrown != null) {
                throw service.client.fault(thrown);
            }
            done = service.reader.read(endpoint, response, formatted);
        } catch (TryAgain fault) {
            return again(endpoint, fault);
        } catch (RuntimeException e) {
            service.pool.abandoned(endpoint);
            throw e;
        }
        if (refusing != null && !(done instanceof Failure)) {
            refusing.refuseFormat(refusal);
        }
        service.pool.answered(endpoint);
        return done;
    }

    /** Tells the endpoint's health, and throws the fault for another attempt unless the request has had its share. */
    private Outcome again(Endpoint endpoint, TryAgain fault) {
        RetryCause cause = fault.retryCause();
        service.counters.again(endpoint, cause);
        last = endpoint;
        switch (cause) {
            case BUSY -> service.pool.busy(endpoint, fault);
            case FORMAT -> {
                service.pool.answered(endpoint);
                refusing = endpoint;
                refusal = fault.getMessage();
                last = null;
                throw new CompletionException(fault);
            }
            default -> service.pool.failed(endpoint, fault);
        }
        if (service.outage.over()) {
            throw service.pool.unusable();
        }
        faults.merge(cause, 1, Integer::sum);
        if (exhausted(cause)) {
            return new Failure(
                    Reason.GENERATION_FAILED,
                    "%s, at the last of %d attempts, by %s".formatted(fault.getMessage(), sent, endpoint));
        }
        throw new CompletionException(fault);
    }

    /**
     * Whether the request has had its retries and the servers work for others: then it is the row's fault. While nothing is answered at all, the row is innocent
     * and goes on until the outage is over. A server that does not even speak must have answered others since the first attempt.
     */
    private boolean exhausted(RetryCause cause) {
        int busy = faults.getOrDefault(RetryCause.BUSY, 0);
        int other = faults.values().stream().mapToInt(Integer::intValue).sum() - busy;
        if (cause == RetryCause.BUSY) {
            return busy > service.chat.retries().busy() && service.outage.answeredSince(firstSent);
        }
        return other > service.chat.retries().faults()
                && (cause == RetryCause.UNREACHABLE
                        ? service.outage.answeredSince(firstSent)
                        : service.outage.answeredLately());
    }

    private <T> CompletableFuture<T> track(CompletableFuture<T> step) {
        current = step;
        if (cancelled) {
            step.cancel(true);
        }
        return step;
    }

    private static <T> CompletionStage<T> started(Supplier<CompletionStage<T>> step) {
        try {
            return step.get();
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }
}
