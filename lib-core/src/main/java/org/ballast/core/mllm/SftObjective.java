package org.ballast.core.mllm;

import static org.bytedeco.pytorch.global.torch.cross_entropy_loss;

import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * Supervised fine-tuning: {@code loss = -(1/n) sum_i log p(token_i | picture, prompt, response before i)} over the n response tokens of the whole batch (not the
 * mean of the rows' means). Metrics: {@code tokens}, the n of the batch.
 */
public final class SftObjective extends LlavaObjective<EncodedExample> {
    private SftObjective(LlavaModel model, LoraAdapter adapter) {
        super(model, adapter);
    }

    /** All parameters of the model, starting from its weights. Takes over the model. */
    public static SftObjective full(LlavaModel model) {
        return new SftObjective(model, null);
    }

    /** The adapter's parameters, starting from its values; the model stays as it is. Takes over the model. */
    public static SftObjective lora(LlavaModel model, LoraAdapter adapter) {
        return new SftObjective(model, adapter);
    }

    @Override
    Evaluation loss(Weights weights, List<EncodedExample> batch) {
        ResponseBatch rows = new ResponseBatch(model());
        for (EncodedExample e : batch) {
            rows.add(e.id(), rows.addImage(e.pixels()), e.promptIds(), e.responseIds());
        }
        Tensor targets = rows.targets(); // [tokens]
        Tensor loss = cross_entropy_loss(rows.logits(weights), targets); // []
        return new Evaluation(loss.item_double(), loss, Map.of("tokens", (double) targets.numel()));
    }

    @Override
    String id(EncodedExample example) {
        return example.id();
    }
}
