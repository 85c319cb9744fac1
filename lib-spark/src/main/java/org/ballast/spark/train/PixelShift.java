package org.ballast.spark.train;

import java.util.random.RandomGenerator;
import org.ballast.core.mllm.EncodedExample;

/**
 * Rolls a picture by up to {@code maxPixels} in each direction, edges wrapping around (torch.roll), each example by
 * its own uniform draw. Text-only examples pass unchanged.
 */
public record PixelShift(int maxPixels, int height, int width) implements BatchTransform<EncodedExample> {
    private static final int CHANNELS = 3;

    public PixelShift {
        if (maxPixels < 0 || height < 1 || width < 1) {
            throw new IllegalArgumentException(
                    "need a shift >= 0 of a picture with pixels: " + maxPixels + ", " + height + " x " + width);
        }
    }

    @Override
    public EncodedExample apply(EncodedExample example, RandomGenerator random) {
        if (example.image() == null || maxPixels == 0) {
            return example;
        }
        if (example.pixels() == null) {
            throw new IllegalArgumentException(
                    "example " + example.id() + " has features of its picture and no pixels that could be shifted");
        }
        int down = random.nextInt(-maxPixels, maxPixels + 1);
        int right = random.nextInt(-maxPixels, maxPixels + 1);
        float[] rolled = roll(example.id(), example.pixels(), down, right);
        return new EncodedExample(example.id(), rolled, example.promptIds(), example.responseIds());
    }

    @Override
    public String key() {
        return toString();
    }

    /** rolled[c, y, x] = pixels[c, y - down, x - right], indexes modulo height and width. */
    float[] roll(String id, float[] pixels, int down, int right) {
        if (pixels.length != CHANNELS * height * width) {
            throw new IllegalArgumentException(
                    "example " + id + " has " + pixels.length + " pixel values, not 3 x " + height + " x " + width);
        }
        float[] rolled = new float[pixels.length];
        int shift = Math.floorMod(right, width);
        for (int channel = 0; channel < CHANNELS; channel++) {
            for (int y = 0; y < height; y++) {
                int from = (channel * height + Math.floorMod(y - down, height)) * width;
                int to = (channel * height + y) * width;
                System.arraycopy(pixels, from, rolled, to + shift, width - shift);
                System.arraycopy(pixels, from + width - shift, rolled, to, shift);
            }
        }
        return rolled;
    }
}
