package org.ballast.spark.shard;

import java.io.Serializable;
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
        Map<String, String> digests)
        implements Serializable {
    public ShardPlan {
        annotations = List.copyOf(annotations);
        roots = List.copyOf(roots);
        rootOfInput = List.copyOf(rootOfInput);
        digests = Map.copyOf(digests);
    }

    /** A number that changes with the archive that a root is; 0 for a folder. */
    long stamp(ImageRoot root) {
        String digest = digests.get(ShardPlanner.imagesRole(root.name()));
        return root.kind() == ImageRoot.Kind.FOLDER || digest == null ? 0 : digest.hashCode() | 1L << 32;
    }
}
