package org.ballast.core.image;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * CLIP's preprocessing: (pad to a square,) bicubic resize as PIL does it, centre crop, then (sample * rescale - mean) / std by channel, equal to
 * transformers' {@code CLIPImageProcessor} with the PIL backend, and to {@code LlavaImageProcessor} with {@code do_pad}.
 *
 * @param resize the size before the crop
 * @param height of the result
 * @param width of the result
 * @param padToSquare whether the picture first stands in the middle of a square of the colour int(255 mean)
 * @param rescale factor of the 8-bit samples, 1/255
 * @param mean three values, of the rescaled samples
 * @param std three values
 */
@SuppressWarnings("ArrayRecordComponent")
public record ClipPreprocessor(
        Resize resize, int height, int width, boolean padToSquare, double rescale, double[] mean, double[] std)
        implements Serializable {

    /** The file in a checkpoint directory. */
    public static final String FILE_NAME = "preprocessor_config.json";

    private static final double[] CLIP_MEAN = {0.48145466, 0.4578275, 0.40821073};
    private static final double[] CLIP_STD = {0.26862954, 0.26130258, 0.27577711};
    private static final int BICUBIC = 3;
    private static final int CLIP_SIZE = 224;
    private static final ObjectMapper JSON = new ObjectMapper();

    /** How the size before the crop follows from the picture's. */
    public sealed interface Resize extends Serializable {}

    /** The shorter side becomes {@code pixels}, the longer one int(pixels * long / short). */
    public record ShortestEdge(int pixels) implements Resize {}

    /** Both sides as given, whatever the aspect. */
    public record Exact(int height, int width) implements Resize {}

    public ClipPreprocessor {
        int least = resize instanceof Exact exact
                ? Math.min(exact.height - height, exact.width - width)
                : ((ShortestEdge) resize).pixels - Math.max(height, width);
        if (height < 1 || width < 1 || least < 0) {
            throw new IllegalArgumentException("cannot crop " + height + " x " + width + " out of " + resize);
        }
        if (mean.length != 3 || std.length != 3 || Arrays.stream(std).anyMatch(s -> !(s > 0)) || !(rescale > 0)) {
            throw new IllegalArgumentException("mean %s, std %s, rescale %s: three channels, and positive, are needed"
                    .formatted(Arrays.toString(mean), Arrays.toString(std), rescale));
        }
    }

    /** A square of {@code side} pixels with CLIP's own mean and deviation. */
    public static ClipPreprocessor clip(int side) {
        return new ClipPreprocessor(new ShortestEdge(side), side, side, false, 1.0 / 255, CLIP_MEAN, CLIP_STD);
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
        int newWidth;
        int newHeight;
        if (resize instanceof Exact exact) {
            newWidth = exact.width;
            newHeight = exact.height;
        } else {
            int edge = ((ShortestEdge) resize).pixels;
            boolean wide = image.width() >= image.height();
            long shorter = wide ? image.height() : image.width();
            long longer = wide ? image.width() : image.height();
            int other = Math.toIntExact(edge * longer / shorter);
            newWidth = wide ? other : edge;
            newHeight = wide ? edge : other;
        }
        if (image.width() == width && image.height() == height && newWidth == width && newHeight == height) {
            return image;
        }
        int left = (newWidth - width) / 2;
        int top = (newHeight - height) / 2;
        return PilResize.bicubic(image, newWidth, newHeight, left, top, width, height);
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
        int left = (side - image.width()) / 2;
        int top = (side - image.height()) / 2;
        int stride = 3 * image.width();
        for (int y = 0; y < image.height(); y++) {
            System.arraycopy(image.rgb(), y * stride, rgb, 3 * ((top + y) * side + left), stride);
        }
        return new RgbImage(side, side, rgb);
    }

    /** Sixteen hex digits that name everything between a file's bytes and its pixel values, the conversion to RGB included. */
    public String digest(RgbConversion conversion) {
        String all = "pil-bicubic-1 %s crop=%dx%d pad=%s rescale=%s mean=%s std=%s %s"
                .formatted(
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

    /** The preprocessor of a checkpoint directory. */
    public static ClipPreprocessor read(Path directory) throws IOException {
        Path file = directory.resolve(FILE_NAME);
        return parse(Files.readString(file), file.toString());
    }

    /**
     * Reads the keys of {@code CLIPImageProcessor}; one left out has that class's default.
     *
     * @param file named in errors
     * @throws IllegalArgumentException for what is no such configuration, or asks for steps that are not done here
     */
    public static ClipPreprocessor parse(String json, String file) {
        JsonNode config;
        try {
            config = JSON.readTree(json);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(file + ": no JSON: " + e.getOriginalMessage(), e);
        }
        if (config == null || !config.isObject()) {
            throw new IllegalArgumentException(file + ": not a JSON object");
        }
        require(file, config, "do_resize", config.path("do_resize").asBoolean(true));
        require(file, config, "resample", config.path("resample").asInt(BICUBIC) == BICUBIC);
        boolean pad = config.path("do_pad").asBoolean(false)
                || config.path("image_aspect_ratio").asText("").equals("pad");
        try {
            Resize resize = resize(config.path("size"));
            int[] crop = crop(config, resize, pad);
            boolean rescaled = config.path("do_rescale").asBoolean(true);
            boolean normalised = config.path("do_normalize").asBoolean(true);
            return new ClipPreprocessor(
                    resize,
                    crop[0],
                    crop[1],
                    pad,
                    rescaled ? config.path("rescale_factor").asDouble(1.0 / 255) : 1,
                    normalised ? three(config.path("image_mean"), CLIP_MEAN) : new double[3],
                    normalised ? three(config.path("image_std"), CLIP_STD) : new double[] {1, 1, 1});
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
        }
    }

    private static void require(String file, JsonNode config, String key, boolean holds) {
        if (!holds) {
            throw new IllegalArgumentException(file + ": " + key + " = " + config.path(key) + " is not supported");
        }
    }

    private static Resize resize(JsonNode size) {
        if (size.has("height") && size.has("width")) {
            return new Exact(size.get("height").asInt(), size.get("width").asInt());
        }
        JsonNode edge = size.has("shortest_edge") ? size.get("shortest_edge") : size;
        if (!edge.isMissingNode() && !edge.isInt()) {
            throw new IllegalArgumentException("size = " + size + " is neither a shortest edge nor height and width");
        }
        return new ShortestEdge(edge.asInt(CLIP_SIZE));
    }

    private static int[] crop(JsonNode config, Resize resize, boolean pad) {
        if (config.path("do_center_crop").asBoolean(true)) {
            JsonNode crop = config.path("crop_size");
            if (crop.isMissingNode() || crop.isInt()) {
                return new int[] {crop.asInt(CLIP_SIZE), crop.asInt(CLIP_SIZE)};
            }
            return new int[] {crop.path("height").asInt(), crop.path("width").asInt()};
        }
        if (resize instanceof Exact exact) {
            return new int[] {exact.height, exact.width};
        }
        if (!pad) {
            throw new IllegalArgumentException("do_center_crop = false leaves pictures of unequal sizes");
        }
        int edge = ((ShortestEdge) resize).pixels;
        return new int[] {edge, edge};
    }

    private static double[] three(JsonNode values, double[] otherwise) {
        return values.isMissingNode() ? otherwise : JSON.convertValue(values, double[].class);
    }

    /** The text of {@code preprocessor_config.json}, as transformers reads it. */
    public String toJson() {
        ObjectNode config = JSON.createObjectNode();
        config.putObject("crop_size").put("height", height).put("width", width);
        config.put("do_center_crop", true).put("do_convert_rgb", true).put("do_normalize", true);
        if (padToSquare) {
            config.put("do_pad", true);
        }
        config.put("do_rescale", true).put("do_resize", true);
        config.set("image_mean", JSON.valueToTree(mean));
        config.put("image_processor_type", padToSquare ? "LlavaImageProcessor" : "CLIPImageProcessor");
        config.set("image_std", JSON.valueToTree(std));
        config.put("processor_class", "LlavaProcessor");
        config.put("resample", BICUBIC).put("rescale_factor", rescale);
        ObjectNode size = config.putObject("size");
        if (resize instanceof Exact exact) {
            size.put("height", exact.height).put("width", exact.width);
        } else {
            size.put("shortest_edge", ((ShortestEdge) resize).pixels);
        }
        return config.toPrettyString() + "\n";
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
