package org.ballast.core.mllm;

import static org.bytedeco.pytorch.global.torch.cat;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A picture as one vector: mean, then maximum, over its image features (the tower's hidden states at the feature layer that the projector reads). Safe for several threads.
 * Does not own the model.
 */
public final class PooledVisionFeatures {
    private final LlavaModel model;

    public PooledVisionFeatures(LlavaModel model) {
        this.model = model;
    }

    /** Length of a vector: 2 * feature size of the tower. */
    public int size() {
        return 2 * model.config().visionFeatureSize();
    }

    /**
     * Computes all pictures together.
     *
     * @param pixels one {@code [channels, side, side]} a picture, normalised
     * @return one {@code [size()]} a picture
     */
    public List<float[]> of(List<float[]> pixels) {
        if (pixels.isEmpty()) {
            return List.of();
        }
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard()) {
            Tensor input = VisionFeatures.pixels(model.config(), model.weights(), pixels); // [n, c, side, side]
            Tensor features = model.tower().features(model.weights(), input); // [n, tokens, d]
            Tensor mean = features.mean(new long[] {1}, false, new ScalarTypeOptional()); // [n, d]
            Tensor pooled = cat(new TensorVector(mean, features.amax(new long[] {1}, false)), 1); // [n, 2d]
            FloatPointer data =
                    new FloatPointer(pooled.cpu().to(ScalarType.Float).data_ptr());
            List<float[]> out = new ArrayList<>();
            for (int i = 0; i < pixels.size(); i++) {
                float[] vector = new float[size()];
                data.position((long) i * size()).get(vector);
                out.add(vector);
            }
            return out;
        }
    }
}
