package org.ballast.core.image;

import java.io.IOException;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Objects;

/**
 * CLIP's preprocessing: (pad to a square,) resize as PIL does it, centre crop (black where the picture is smaller), then (sample * rescale - mean) / std by channel, equal to
 * transformers' {@code CLIPImageProcessor} with the PIL backend, and to {@code LlavaImageProcessor} with {@code do_pad}.
 *
 * @param resize the size before the crop
 * @param filter of the resize
 * @param height of the result
 * @param width of the result
 * @param padToSquare whether the picture first stands in the middle of a square of the colour int(255 mean)
 * @param rescale factor of the 8-bit samples, 1/255
 * @param mean three values, of the rescaled samples
 * @param std three values
 */
@SuppressWarnings("ArrayRecordComponent")
public record ClipPreprocessor(
        Resize resize,
        PilResize.Filter filter,
        int height,
        int width,
        boolean padToSquare,
        double rescale,
        double[] mean,
        double[] std)
        implements Serializable {

    /** The file in a checkpoint directory. */
    public static final String FILE_NAME = "preprocessor_config.json";

    static final double[] CLIP_MEAN = {0.48145466, 0.4578275, 0.40821073};
    static final double[] CLIP_STD = {0.26862954, 0.26130258, 0.27577711};

    /** How the size before the crop follows from the picture's. */
    public sealed interface Resize extends Serializable {}

    /** The shorter side becomes {@code pixels}, the longer one int(pixels * long / short). */
    public record ShortestEdge(int pixels) implements Resize {}

    /** Both sides as given, whatever the aspect. */
    public record Exact(int height, int width) implements Resize {}

    /** The picture keeps its size. */
    public record Unchanged() implements Resize {}

    public ClipPreprocessor {
        Objects.requireNonNull(filter, "filter");
        boolean sized = !(resize instanceof ShortestEdge edge && edge.pixels < 1)
                && !(resize instanceof Exact exact && Math.min(exact.height, exact.width) < 1);
        if (height < 1 || width < 1 || !sized) {
            throw new IllegalArgumentException("cannot crop " + height + " x " + width + " out of " + resize);
        }
        if (mean.length != 3 || std.length != 3 || Arrays.stream(std).anyMatch(s -> !(s > 0)) || !(rescale > 0)) {
            throw new IllegalArgumentException("mean %s, std %s, rescale %s: three channels, and positive, are needed"
                    .formatted(Arrays.toString(mean), Arrays.toString(std), rescale));
        }
    }

    /** A square of {@code side} pixels with CLIP's own mean and deviation. */
    public static ClipPreprocessor clip(int side) {
        return new ClipPreprocessor(
                new ShortestEdge(side), PilResize.Filter.BICUBIC, side, side, false, 1.0 / 255, CLIP_MEAN, CLIP_STD);
    }

    /** Pixel values {@code [3, height, width]} of a picture. */
    public float[] apply(RgbImage image) {
        RgbImage square = padToSquare ? padded(image) : image;
        RgbImage ready = resizedAndCropped(square); // [height, width, 3]
        float[] values = new float[3 * height * width];
        for (int channel = 0; channel < 3; channel++) {
            float[] table = normalised(channel);
            int plane = channel * height * width;
            byte[] rgb = ready.rgb();
            for (int i = 0, from = channel; i < height * width; i++, from += 3) {
                values[plane + i] = table[rgb[from] & 255];
            }
        }
        return values;
    }

    /** The picture that pixel values show: the inverse of rescale and normalisation, rounded and clipped to 8 bits. */
    public RgbImage toRgb(float[] values) {
        if (values.length != 3 * height * width) {
            throw new IllegalArgumentException(
                    values.length + " values are no [3, " + height + ", " + width + "] pixel tensor");
        }
        byte[] rgb = new byte[values.length];
        int plane = height * width;
        for (int i = 0; i < values.length; i++) {
            int channel = i / plane;
            long sample = Math.round((values[i] * std[channel] + mean[channel]) / rescale);
            rgb[3 * (i % plane) + channel] = (byte) Math.max(0, Math.min(255, sample));
        }
        return new RgbImage(width, height, rgb);
    }

    private float[] normalised(int channel) {
        float[] table = new float[256];
        for (int sample = 0; sample < 256; sample++) {
            table[sample] = (float) ((sample * rescale - mean[channel]) / std[channel]);
        }
        return table;
    }

    private RgbImage resizedAndCropped(RgbImage image) {
        int newWidth = image.width();
        int newHeight = image.height();
        if (resize instanceof Exact exact) {
            newWidth = exact.width;
            newHeight = exact.height;
        } else if (resize instanceof ShortestEdge shortest) {
            boolean wide = image.width() >= image.height();
            long shorter = wide ? image.height() : image.width();
            long longer = wide ? image.width() : image.height();
            int other = Math.toIntExact(shortest.pixels * longer / shorter);
            newWidth = wide ? other : shortest.pixels;
            newHeight = wide ? shortest.pixels : other;
        }
        if (image.width() == width && image.height() == height && newWidth == width && newHeight == height) {
            return image;
        }
        int left = Math.floorDiv(newWidth - width, 2);
        int top = Math.floorDiv(newHeight - height, 2);
        if (left >= 0 && top >= 0) {
            return PilResize.resize(image, filter, newWidth, newHeight, left, top, width, height);
        }
        int cutWidth = Math.min(width, newWidth);
        int cutHeight = Math.min(height, newHeight);
        RgbImage cut = PilResize.resize(
                image, filter, newWidth, newHeight, Math.max(0, left), Math.max(0, top), cutWidth, cutHeight);
        byte[] rgb = new byte[Math.multiplyExact(3, Math.multiplyExact(height, width))];
        place(cut, rgb, width, Math.max(0, -left), Math.max(0, -top));
        return new RgbImage(width, height, rgb);
    }

    /** Copies a picture into a raster of rows of {@code width} pixels. */
    private static void place(RgbImage image, byte[] rgb, int width, int left, int top) {
        int stride = 3 * image.width();
        for (int y = 0; y < image.height(); y++) {
            System.arraycopy(image.rgb(), y * stride, rgb, 3 * ((top + y) * width + left), stride);
        }
    }

    /** LLaVA's expand2square: the picture at (side - size) // 2 on the mean's colour. */
    private RgbImage padded(RgbImage image) {
        if (image.width() == image.height()) {
            return image;
        }
        int side = Math.max(image.width(), image.height());
        byte[] rgb = new byte[Math.multiplyExact(3, Math.multiplyExact(side, side))];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) (int) (255 * mean[i % 3]);
        }
        place(image, rgb, side, (side - image.width()) / 2, (side - image.height()) / 2);
        return new RgbImage(side, side, rgb);
    }

    /** Sixteen hex digits that name everything between a file's bytes and its pixel values, the conversion to RGB included. */
    public String digest(RgbConversion conversion) {
        String all = "pil-%s-1 %s crop=%dx%d pad=%s rescale=%s mean=%s std=%s %s"
                .formatted(
                        filter,
                        resize,
                        height,
                        width,
                        padToSquare,
                        rescale,
                        Arrays.toString(mean),
                        Arrays.toString(std),
                        conversion);
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(all.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest, 0, 8);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /**
     * The preprocessor of a checkpoint directory: {@code image_processor} in {@code processor_config.json}, as transformers 5 writes it, else
     * {@code preprocessor_config.json}.
     *
     * @throws IllegalArgumentException naming file and key, if there is none or it asks for what is not done here
     */
    public static ClipPreprocessor read(Path directory) throws IOException {
        return PreprocessorFile.read(directory);
    }

    /**
     * Reads the keys of {@code CLIPImageProcessor}; one left out has that class's default.
     *
     * @param file named in errors
     * @throws IllegalArgumentException for what is no such configuration, or asks for steps that are not done here
     */
    public static ClipPreprocessor parse(String json, String file) {
        return PreprocessorFile.parse(json, file);
    }

    /** The text of {@code preprocessor_config.json}, as transformers reads it. */
    public String toJson() {
        return PreprocessorFile.toJson(this);
    }

    /** Writes {@code preprocessor_config.json} into a checkpoint directory. */
    public void write(Path directory) throws IOException {
        Files.writeString(directory.resolve(FILE_NAME), toJson());
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ClipPreprocessor that && toJson().equals(that.toJson());
    }

    @Override
    public int hashCode() {
        return toJson().hashCode();
    }

    @Override
    public String toString() {
        return toJson();
    }
}
