package org.ballast.spark.shard;

import java.util.List;
import java.util.Map;

/**
 * Everything that a run needs to know, checked.
 *
 * @param annotations qualified URI of each input's file
 * @param rootOfInput index of each input's image root, -1 for none
 * @param digests fingerprint of each file that is read, by its role: part of what identifies the output
 */
public record ShardPlan(
        ShardOptions options,
        List<String> annotations,
        List<ImageRoot> roots,
        List<Integer> rootOfInput,
        ClassNames classes,
        Map<String, String> digests) {
    public ShardPlan {
        annotations = List.copyOf(annotations);
        roots = List.copyOf(roots);
        rootOfInput = List.copyOf(rootOfInput);
        digests = Map.copyOf(digests);
    }
}
