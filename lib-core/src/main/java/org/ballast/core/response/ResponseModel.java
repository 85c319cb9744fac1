package org.ballast.core.response;

import java.util.List;
import org.ballast.core.data.Reason;
import org.ballast.core.mllm.generate.GenerationOptions;

/** Answers prompts: a model in this process, or model servers. May be used by several threads at once. */
public interface ResponseModel extends AutoCloseable {
    /**
     * Answers each request and returns when the last one is done.
     *
     * @param requests with ids that differ
     * @return for each request, in their order, its reply or why there is none
     * @throws RuntimeException a fault of the program or of the configuration (an address that nobody serves, a key that is refused): not of a row
     */
    List<Outcome> respond(List<ResponseRequest> requests, GenerationOptions options);

    @Override
    void close();

    /** What came of a request. */
    sealed interface Outcome permits Reply, Failure {}

    /**
     * An answer.
     *
     * @param finishReason {@code stop} or {@code length}, as stored in {@code completions.finish_reason}
     * @param promptTokens 0 where nobody counted them
     * @param completionTokens 0 where nobody counted them
     */
    record Reply(String text, String finishReason, int promptTokens, int completionTokens) implements Outcome {
        /** True when the answer ended at the limit of tokens. */
        public boolean cut() {
            return "length".equals(finishReason);
        }
    }

    /**
     * A request that came to nothing, after all retries.
     *
     * @param reason as stored in {@code quarantine.reason}
     * @param message one sentence, without any key
     */
    record Failure(Reason reason, String message) implements Outcome {}
}
