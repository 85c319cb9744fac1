package org.ballast.spark.shard;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.ByteArrayInputStream;

/** A WebDataset shard. */
class WebDatasetFuzz {
    private static final ShardInput SHARD = ShardInput.of(
                    AnnotationLayout.WEBDATASET, InputContract.FILE, null, "train", "s")
            .withGives(AnnotationLayout.Gives.PROMPTS);

    @FuzzTest
    void shard(byte[] input) {
        read(input);
    }

    static void read(byte[] input) {
        InputContract.check(
                input, SHARD, file -> new WebDatasetRows(InputContract.FILE, new ByteArrayInputStream(file)));
    }
}
