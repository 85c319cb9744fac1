package org.ballast.spark.shard;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.ByteArrayInputStream;
import java.util.Arrays;
import java.util.List;

/** A JSON file of rows: its first byte chooses the format that the rows are read by, the rest is the file. */
class JsonRowsFuzz {
    private static final List<AnnotationLayout> FORMATS = Arrays.stream(AnnotationLayout.values())
            .filter(layout -> layout.format() != null)
            .toList();

    @FuzzTest
    void rows(byte[] input) {
        read(input);
    }

    static void read(byte[] input) {
        if (input.length == 0) {
            return;
        }
        int choice = Math.floorMod(input[0], 2 * FORMATS.size());
        AnnotationLayout format = FORMATS.get(choice % FORMATS.size());
        ShardInput of = of(format);
        if (format.gives() == null) {
            of = of.withGives(AnnotationLayout.Gives.values()[choice / FORMATS.size()]);
        }
        String wrapper = format == AnnotationLayout.MINIGPT4 ? MiniGpt4Format.ANNOTATIONS : null;
        InputContract.check(
                Arrays.copyOfRange(input, 1, input.length),
                of,
                file -> new JsonRows(InputContract.FILE, new ByteArrayInputStream(file), wrapper));
    }

    private static ShardInput of(AnnotationLayout format) {
        String images = format.holdsPictures() ? null : "images";
        // a POPE file must have a kind before anything else
        return new ShardInput(
                format,
                InputContract.FILE,
                images,
                "train",
                org.ballast.core.data.Domain.IN_DISTRIBUTION,
                "s",
                "",
                "random",
                null,
                null,
                null,
                null,
                false);
    }
}
