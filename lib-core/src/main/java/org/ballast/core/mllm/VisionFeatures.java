package org.ballast.core.mllm;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * What the vision tower makes of pictures, before the projector: computed once, they serve every row and epoch as {@link ImageInput.Features}. Safe for several
 * threads. Does not own the model.
 */
public final class VisionFeatures {
    /** Pictures that go through the tower together. */
    private static final int TOGETHER = 4;

    private final LlavaModel model;

    public VisionFeatures(LlavaModel model) {
        this.model = model;
    }

    /** Numbers of one picture: image tokens * feature size. */
    public int size() {
        return Math.multiplyExact(model.config().imageTokens(), model.config().visionFeatureSize());
    }

    /**
     * @param pixels one {@code [channels, side, side]} a picture, normalised
     * @return one {@code [imageTokens, feature size]} a picture, row-major
     */
    public List<float[]> of(List<float[]> pixels) {
        List<ImageInput> images = new ArrayList<>();
        for (float[] picture : pixels) {
            if (picture.length != model.config().pixels()) {
                throw new IllegalArgumentException("picture " + images.size() + ": " + picture.length
                        + " pixel values, expected " + model.config().pixels());
            }
            images.add(new ImageInput.Pixels(picture));
        }
        List<float[]> out = new ArrayList<>();
        for (ImageInput image : images) {
            try (PointerScope scope = new PointerScope();
                    NoGradGuard noGrad = new NoGradGuard()) {
                Tensor features =
                        computed(model, model.weights(), List.of(image)).get(0); // [tokens, size]
                float[] values = new float[size()];
                new FloatPointer(
                                features.cpu().to(ScalarType.Float).contiguous().data_ptr())
                        .get(values);
                out.add(values);
            }
        }
        return out;
    }

    /** Features of each picture, {@code [imageTokens, feature size]}; with a graph behind them only where the tower is trained. */
    static List<Tensor> computed(LlavaModel model, Weights weights, List<ImageInput> images) {
        List<Tensor> out = new ArrayList<>();
        boolean graph = weights.trains(LlavaTensors.TOWER);
        try (AutoGradMode mode = new AutoGradMode(graph)) {
            for (int from = 0; from < images.size(); from += TOGETHER) {
                out.addAll(together(model, weights, images.subList(from, Math.min(images.size(), from + TOGETHER))));
            }
        }
        return out;
    }

    private static List<Tensor> together(LlavaModel model, Weights weights, List<ImageInput> images) {
        List<float[]> pixels = images.stream()
                .filter(ImageInput.Pixels.class::isInstance)
                .map(ImageInput::values)
                .toList();
        Tensor fresh = pixels.isEmpty()
                ? null
                : Scoped.result(() ->
                        model.tower().features(weights, pixels(model.config(), weights, pixels))); // [n, tokens, size]
        LlavaConfig config = model.config();
        List<Tensor> out = new ArrayList<>();
        int next = 0;
        for (ImageInput image : images) {
            out.add(
                    image instanceof ImageInput.Features cached
                            ? Tensor.create(cached.values(), config.imageTokens(), config.visionFeatureSize())
                                    .to(weights.device(), weights.type()) // [tokens, size]
                            : fresh.select(0, next++)); // [tokens, size]
        }
        return out;
    }

    /** Pixels of pictures as one tensor: {@code [pictures, channels, side, side]}. */
    static Tensor pixels(LlavaConfig config, Weights weights, List<float[]> pictures) {
        int size = config.pixels();
        float[] all = new float[Math.multiplyExact(pictures.size(), size)];
        for (int i = 0; i < pictures.size(); i++) {
            if (pictures.get(i).length != size) {
                throw new IllegalArgumentException(
                        "picture " + i + ": " + pictures.get(i).length + " pixel values, expected " + size);
            }
            System.arraycopy(pictures.get(i), 0, all, i * size, size);
        }
        VisionConfig v = config.vision();
        return Tensor.create(all, pictures.size(), v.channels(), v.imageSize(), v.imageSize())
                .to(weights.device(), weights.type());
    }
}
