package org.ballast.spark.respond;

import java.io.Serializable;
import java.util.List;
import org.ballast.core.image.ImageLimits;
import org.ballast.core.mllm.MemorySettings;
import org.ballast.core.mllm.generate.GenerationOptions;
import org.ballast.spark.units.UnitOptions;

/**
 * How rows are answered.
 *
 * @param input files, folders or patterns of files
 * @param imageRoot folder below which pictures lie; null: relative paths start at their row's file, and absolute ones are taken as they are
 * @param limits what is read of a picture
 * @param generation how tokens are chosen
 * @param noiseStep diffusion step of the weakened picture that {@code generation.contrast()} asks for
 * @param maxLength longest sequence in tokens; 0: the model's own
 * @param batchRows rows that are answered together
 * @param memory what is computed at once where responses are scored
 */
public record RespondOptions(
        List<String> input,
        String imageRoot,
        ImageLimits limits,
        GenerationOptions generation,
        int noiseStep,
        int maxLength,
        int batchRows,
        MemorySettings memory,
        UnitOptions units)
        implements Serializable {
    public RespondOptions {
        input = List.copyOf(input);
        if (input.isEmpty()) {
            throw new IllegalArgumentException("no input to answer");
        }
        if (maxLength < 0 || batchRows < 1) {
            throw new IllegalArgumentException(
                    "max-length " + maxLength + " and batch-size " + batchRows + " must be at least 0 and 1");
        }
    }
}
