package org.ballast.spark.negative;

import java.io.Serializable;
import java.util.List;
import java.util.Map;
import org.ballast.core.chat.ChatModel;
import org.ballast.core.config.Settings;
import org.ballast.core.mllm.generate.GenerationOptions;
import org.ballast.core.response.ResponseModel;
import org.ballast.core.response.ResponseRequest;
import org.ballast.spark.model.ModelSpec;
import org.ballast.spark.session.RequestRate;
import org.ballast.spark.train.ExecutorCache;

/**
 * Who answers, by backend, as it travels to the executors.
 *
 * @param checkpoint null where no model of this process is needed
 * @param batchRows rows that it decodes together
 * @param servers null where no model servers are needed
 * @param chat what the servers did
 */
record ResponseModels(ModelSpec checkpoint, int batchRows, NegativeOptions.Servers servers, ChatAccumulator chat)
        implements Serializable {
    /** Connections, limits and health are those of the process: all tasks of an executor share them. */
    private static final ExecutorCache<ChatModel> CHATS = new ExecutorCache<>(1);

    /** What the column {@code model} holds. */
    String digest(NegativeOptions.Backend backend) {
        return switch (backend) {
            case MLLM -> checkpoint.digest();
            case CHAT -> servers.chat().model();
        };
    }

    /** Settings of the backend that change what it answers. */
    Map<String, Object> parameters(NegativeOptions.Backend backend) {
        return switch (backend) {
            case MLLM -> Map.of();
            case CHAT -> Map.of(
                    "structured",
                    Settings.written(servers.chat().structured()),
                    "weakened_edge",
                    servers.chat().weakenedEdge(),
                    "extra",
                    servers.chat().extra());
        };
    }

    /** The model, to be closed after use. */
    ResponseModel open(NegativeOptions.Backend backend) {
        return switch (backend) {
            case MLLM -> new MllmModel(checkpoint, batchRows);
            case CHAT -> new Leased();
        };
    }

    /** This executor's connection to the servers. */
    private final class Leased implements ResponseModel {
        private final ExecutorCache<ChatModel>.Lease lease = CHATS.lease(
                servers.toString(),
                () -> new ChatModel(
                        servers.chat(), servers.perMinute() == null ? null : RequestRate.permits(servers.perMinute())));

        @Override
        public List<Outcome> respond(List<ResponseRequest> requests, GenerationOptions options) {
            return lease.value().respond(requests, options);
        }

        @Override
        public void close() {
            chat.add(lease.value().takeStatistics());
            lease.close();
        }
    }
}
