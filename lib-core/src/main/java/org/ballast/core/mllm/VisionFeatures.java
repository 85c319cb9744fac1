package org.ballast.core.mllm;

import static org.bytedeco.pytorch.global.torch.cat;
import static org.bytedeco.pytorch.global.torch.stack;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * What the vision tower makes of pictures, before the projector: computed once, they serve every row and epoch as {@link ImageInput.Features}. Safe for several
 * threads. Does not own the model.
 */
public final class VisionFeatures {
    /** Patches that go through the tower together. */
    private static final int PATCHES_TOGETHER = 2048;

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

    /** Features of each picture, {@code [pictures, imageTokens, feature size]}; with a graph behind them only where the tower is trained. */
    static Tensor computed(LlavaModel model, Weights weights, List<ImageInput> images) {
        int together = Math.max(1, PATCHES_TOGETHER / model.config().vision().patches());
        List<Tensor> out = new ArrayList<>();
        try (AutoGradMode mode = new AutoGradMode(weights.trains(LlavaTensors.TOWER))) {
            for (int from = 0; from < images.size(); from += together) {
                List<ImageInput> some = images.subList(from, Math.min(images.size(), from + together));
                out.add(Scoped.result(() -> together(model, weights, some)));
            }
            return out.size() == 1 ? out.get(0) : cat(new TensorVector(out.toArray(Tensor[]::new)), 0);
        }
    }

    private static Tensor together(LlavaModel model, Weights weights, List<ImageInput> images) {
        LlavaConfig config = model.config();
        List<float[]> pixels = images.stream()
                .filter(ImageInput.Pixels.class::isInstance)
                .map(ImageInput::values)
                .toList();
        if (pixels.size() == images.size()) {
            return model.tower().features(weights, pixels(config, weights, pixels)); // [n, tokens, size]
        }
        Tensor fresh = pixels.isEmpty() ? null : model.tower().features(weights, pixels(config, weights, pixels));
        Tensor[] out = new Tensor[images.size()];
        int next = 0;
        for (int i = 0; i < out.length; i++) {
            out[i] = images.get(i) instanceof ImageInput.Features cached
                    ? Tensor.create(cached.values(), config.imageTokens(), config.visionFeatureSize())
                            .to(weights.device(), weights.type()) // [tokens, size]
                    : fresh.select(0, next++); // [tokens, size]
        }
        return stack(new TensorVector(out), 0); // [n, tokens, size]
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
