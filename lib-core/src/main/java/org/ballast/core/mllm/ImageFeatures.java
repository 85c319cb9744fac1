package org.ballast.core.mllm;

import static org.bytedeco.pytorch.global.torch.stack;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;

/**
 * The features of pictures, part after part. A frozen tower sees a picture once for all parts in a row that show it; a trained one each time, for its graph must not outlive
 * the part.
 */
final class ImageFeatures implements AutoCloseable {
    private final LlavaModel model;
    private final Weights frozen;
    private final List<ImageInput> images;
    private final boolean trained;
    private final Map<Integer, Tensor> kept = new HashMap<>();

    ImageFeatures(LlavaModel model, Weights weights, List<ImageInput> images) {
        this.model = model;
        this.frozen = weights;
        this.images = images;
        this.trained = weights.trains(LlavaTensors.TOWER);
        if (trained && images.stream().anyMatch(ImageInput.Features.class::isInstance)) {
            throw new IllegalArgumentException("a picture is given by its features, but the vision tower is trained");
        }
    }

    /** What the decoder reads of some pictures under the step's own weights. */
    Tensor projected(List<Integer> indexes) {
        return projected(frozen, indexes);
    }

    /**
     * What the decoder reads of some pictures. Belongs to the caller's scope.
     *
     * @param weights those of the step; under dropout, those of the part
     * @return {@code [indexes, imageTokens, text hidden]}; null for no picture
     */
    Tensor projected(Weights weights, List<Integer> indexes) {
        if (indexes.isEmpty()) {
            return null;
        }
        Tensor features =
                trained ? computed(weights, indexes) : frozen(indexes); // [indexes, imageTokens, feature size]
        return model.tower().projected(weights, features);
    }

    private Tensor computed(Weights weights, List<Integer> indexes) {
        return VisionFeatures.computed(
                model, weights, indexes.stream().map(images::get).toList());
    }

    private Tensor frozen(List<Integer> indexes) {
        List<Integer> past =
                kept.keySet().stream().filter(i -> !indexes.contains(i)).toList();
        past.forEach(i -> kept.remove(i).releaseReference());
        List<Integer> missing =
                indexes.stream().filter(i -> !kept.containsKey(i)).toList();
        if (!missing.isEmpty()) {
            Tensor fresh = computed(frozen, missing); // [missing, imageTokens, feature size]
            for (int i = 0; i < missing.size(); i++) {
                Tensor own = fresh.select(0, i); // [imageTokens, feature size]
                own.retainReference();
                kept.put(missing.get(i), own);
            }
        }
        Tensor[] all = indexes.stream().map(kept::get).toArray(Tensor[]::new);
        return stack(new TensorVector(all), 0); // [indexes, imageTokens, feature size]
    }

    @Override
    public void close() {
        kept.values().forEach(Tensor::releaseReference);
        kept.clear();
    }
}
