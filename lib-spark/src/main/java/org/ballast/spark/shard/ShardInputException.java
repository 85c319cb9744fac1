package org.ballast.spark.shard;

import java.util.List;

/** Inputs that are missing or of no known kind: a fault of the configuration, all of them in one message. */
public final class ShardInputException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ShardInputException(List<String> faults) {
        super("shard cannot start: " + String.join("; ", faults));
    }
}
