package org.ballast.core.chat;

import dev.failsafe.Failsafe;
import dev.failsafe.RetryPolicy;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.ballast.core.mllm.generate.GenerationOptions;
import org.ballast.core.response.ResponseModel;
import org.ballast.core.response.ResponseRequest;

/**
 * A model behind servers that speak OpenAI's chat completions (vLLM, SGLang, llama.cpp, Ollama). Requests go to the endpoint with the fewest in flight; those
 * that fail for what may pass are sent again, to another endpoint where there is one. Its threads are few, whatever the number of requests.
 */
public final class ChatModel implements ResponseModel {
    private static final double JITTER = 0.25;
    private static final int IO_THREADS = 4;
    private static final int MOST_WORKERS = 4;
    private static final AtomicInteger OPENED = new AtomicInteger();

    private final ScheduledThreadPoolExecutor timer;
    private final ExecutorService io;
    private final ExecutorService workers;
    private final Outage outage;
    private final Counters counters = new Counters();
    private final Set<Call> calls = ConcurrentHashMap.newKeySet();
    private int responding;
    private volatile Call.Service service;

    /**
     * Reads the key; asks no server yet.
     *
     * @param permits limit on the rate of requests, or null for none
     * @throws ModelServerException if the environment has no key under the name that the options give
     */
    public ChatModel(ChatOptions options, RequestPermits permits) {
        this(options, permits, System::getenv);
    }

    ChatModel(ChatOptions options, RequestPermits permits, UnaryOperator<String> environment) {
        ServerKey key = ServerKey.read(options.keyVariable(), environment);
        int number = OPENED.incrementAndGet();
        timer = new ScheduledThreadPoolExecutor(1, threads(number, "timer"));
        timer.setRemoveOnCancelPolicy(true);
        io = Executors.newFixedThreadPool(IO_THREADS, threads(number, "io"));
        workers = Executors.newFixedThreadPool(
                Math.min(MOST_WORKERS, Runtime.getRuntime().availableProcessors()), threads(number, "worker"));
        outage = new Outage(options.health().outage());
        RetryPolicy<Outcome> again = RetryPolicy.<Outcome>builder()
                .handle(TryAgain.class)
                .withMaxRetries(-1)
                .withBackoff(options.retries().first(), options.retries().most())
                .withJitter(JITTER)
                .build();
        int firstTurn = ThreadLocalRandom.current().nextInt(options.endpoints().size());
        service = new Call.Service(
                options,
                new Gate(options.limits().perProcess()),
                permits == null ? RequestPermits.unlimited() : permits,
                new EndpointPool(options, counters, outage, timer, firstTurn),
                outage,
                new Pictures(options.weakenedEdge(), options.conversion()),
                new RequestBody(options),
                new ChatClient(options, key, io, timer),
                new AnswerReader(options, key),
                counters,
                workers,
                Failsafe.with(again).with(timer));
    }

    /**
     * {@inheritDoc}
     *
     * @throws IllegalArgumentException if two requests have one id, or the options ask for contrastive decoding, for which a server gives no logits
     * @throws ModelServerException if no server answers for the length of an outage, the key is refused, or an address serves no chat completions
     */
    @Override
    public List<Outcome> respond(List<ResponseRequest> requests, GenerationOptions options) {
        RequestBody.requirePossible(options);
        Set<String> ids = new HashSet<>();
        for (ResponseRequest request : requests) {
            if (!ids.add(request.id())) {
                throw new IllegalArgumentException("two requests have the id " + request.id());
            }
        }
        List<Call> own = new ArrayList<>(requests.size());
        begin();
        try {
            for (ResponseRequest request : requests) {
                own.add(start(request, options));
            }
            return await(own);
        } finally {
            Call.cancel(own);
            own.forEach(calls::remove);
            end();
        }
    }

    private Call start(ResponseRequest request, GenerationOptions options) {
        Call.Service open = service;
        if (open == null) {
            throw new IllegalStateException("the model is closed");
        }
        Call call = new Call(open, request, options);
        calls.add(call);
        if (service == null) {
            Call.cancel(List.of(call));
        }
        return call;
    }

    /** The outcomes, or the first fault of any, without waiting for the others. */
    private List<Outcome> await(List<Call> own) {
        var fault = new CompletableFuture<Void>();
        CompletableFuture<?>[] outcomes = own.stream()
                .map(call -> call.outcome().whenComplete((outcome, thrown) -> {
                    if (thrown != null) {
                        fault.completeExceptionally(thrown);
                    }
                    counters.done(outcome);
                }))
                .toArray(CompletableFuture<?>[]::new);
        try {
            CompletableFuture.anyOf(CompletableFuture.allOf(outcomes), fault).get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while " + own.size() + " requests were under way", e);
        } catch (ExecutionException e) {
            throw unchecked(e.getCause());
        }
        return own.stream().map(call -> call.outcome().join()).toList();
    }

    private RuntimeException unchecked(Throwable fault) {
        if (fault instanceof CancellationException && service == null) {
            return new IllegalStateException("the model was closed while requests were under way", fault);
        }
        if (fault instanceof Error error) {
            throw error;
        }
        return fault instanceof RuntimeException known ? known : new IllegalStateException(fault);
    }

    /** What was done so far. */
    public ChatStatistics statistics() {
        return counters.total();
    }

    /** What was done since this was last called, by whatever thread: these add up to all of it. */
    public ChatStatistics takeStatistics() {
        return counters.take();
    }

    private synchronized void begin() {
        if (responding++ == 0) {
            outage.begin();
        }
    }

    private synchronized void end() {
        responding--;
    }

    /** Ends what is under way, with a fault for those who wait for it, and all threads. The connections close when the HTTP client is collected. */
    @Override
    public void close() {
        service = null;
        Call.cancel(calls);
        timer.shutdownNow();
        workers.shutdown();
        io.shutdown();
    }

    private static ThreadFactory threads(int number, String name) {
        var count = new AtomicInteger();
        return task -> {
            var thread = new Thread(task, "chat-" + number + "-" + name + "-" + count.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        };
    }
}
