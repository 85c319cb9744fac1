package org.ballast.core.mllm;

import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Supervised fine-tuning: {@code loss = -(1/n) sum_i log p(token_i | picture, prompt, response before i)} over the n response tokens of the whole batch (not the
 * mean of the rows' means). Metrics: {@code tokens}, the n of the batch.
 */
public final class SftObjective extends LlavaObjective<EncodedExample> {
    private SftObjective(LlavaModel model, LoraAdapter adapter, MemorySettings memory, long seed) {
        super(model, adapter, memory, seed);
    }

    /** All parameters of the model, starting from its weights. Takes over the model. */
    public static SftObjective full(LlavaModel model) {
        return full(model, MemorySettings.DEFAULT);
    }

    /** {@link #full(LlavaModel)} within a memory of one's own choice. */
    public static SftObjective full(LlavaModel model, MemorySettings memory) {
        return new SftObjective(model, null, memory, 0);
    }

    /** The adapter's parameters, starting from its values; the model stays as it is. Takes over the model. */
    public static SftObjective lora(LlavaModel model, LoraAdapter adapter) {
        return lora(model, adapter, MemorySettings.DEFAULT, 0);
    }

    /**
     * {@link #lora(LlavaModel, LoraAdapter)} within a memory of one's own choice.
     *
     * @param seed of the adapter's dropout
     */
    public static SftObjective lora(LlavaModel model, LoraAdapter adapter, MemorySettings memory, long seed) {
        return new SftObjective(model, adapter, memory, seed);
    }

    @Override
    List<ResponseRow> rows(EncodedExample e) {
        return List.of(new ResponseRow(e.id(), e.image(), e.promptIds(), e.responseIds()));
    }

    @Override
    BatchLoss<EncodedExample> batchLoss(List<EncodedExample> batch) {
        int tokens = batch.stream().mapToInt(e -> e.responseIds().length).sum();
        return new BatchLoss<>() {
            private double sum;

            @Override
            public double[] add(EncodedExample example, double[][] logProbs) {
                sum -= Arrays.stream(logProbs[0]).sum();
                return slopesBefore(example);
            }

            @Override
            public double[] slopesBefore(EncodedExample example) {
                return new double[] {-1.0 / tokens};
            }

            @Override
            public ObjectiveValue value() {
                return new ObjectiveValue(sum / tokens, Map.of("tokens", (double) tokens));
            }
        };
    }

    @Override
    String id(EncodedExample example) {
        return example.id();
    }
}
