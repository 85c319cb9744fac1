package org.ballast.core.image;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.ballast.core.image.ClipPreprocessor.Exact;
import org.ballast.core.image.ClipPreprocessor.Resize;
import org.ballast.core.image.ClipPreprocessor.ShortestEdge;
import org.ballast.core.image.ClipPreprocessor.Unchanged;

/** The JSON of {@link ClipPreprocessor}, in the forms that transformers 4 and 5 write. */
final class PreprocessorFile {
    private static final String NESTING = "processor_config.json";
    private static final String NESTED = "image_processor";
    private static final Pattern TYPES = Pattern.compile("(CLIP|Llava)(ImageProcessor(Fast|Pil)?|FeatureExtractor)");
    private static final int CLIP_SIZE = 224;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final JsonNode config;
    private final String file;

    private PreprocessorFile(JsonNode config, String file) {
        this.config = config;
        this.file = file;
    }

    static ClipPreprocessor read(Path directory) throws IOException {
        Path nesting = directory.resolve(NESTING);
        if (Files.exists(nesting)) {
            JsonNode nested =
                    tree(Files.readString(nesting), nesting.toString()).path(NESTED);
            if (nested.isObject()) {
                return new PreprocessorFile(nested, nesting + ": " + NESTED).parse();
            }
        }
        Path own = directory.resolve(ClipPreprocessor.FILE_NAME);
        if (!Files.exists(own)) {
            throw new IllegalArgumentException(directory + ": there is no " + ClipPreprocessor.FILE_NAME + ", and no "
                    + NESTED + " in a " + NESTING);
        }
        return parse(Files.readString(own), own.toString());
    }

    static ClipPreprocessor parse(String json, String file) {
        return new PreprocessorFile(tree(json, file), file).parse();
    }

    private static JsonNode tree(String json, String file) {
        JsonNode config;
        try {
            config = JSON.readTree(json);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(file + ": no JSON: " + e.getOriginalMessage(), e);
        }
        if (config == null || !config.isObject()) {
            throw new IllegalArgumentException(file + ": not a JSON object");
        }
        return config;
    }

    private ClipPreprocessor parse() {
        for (String key : new String[] {"image_processor_type", "feature_extractor_type"}) {
            String type = config.path(key).asText("");
            if (!type.isEmpty() && !TYPES.matcher(type).matches()) {
                throw unsupported(key);
            }
        }
        String aspect = config.path("image_aspect_ratio").asText("");
        if (!(aspect.isEmpty() || aspect.equals("pad") || aspect.equals("square"))) {
            throw unsupported("image_aspect_ratio");
        }
        boolean pad = flag("do_pad", false) || aspect.equals("pad");
        Resize resize = flag("do_resize", true) ? resize() : new Unchanged();
        int[] crop = crop(resize, pad);
        boolean normalised = flag("do_normalize", true);
        if (pad && !normalised) { // the colour of the padding is that of the mean
            throw unsupported("do_normalize");
        }
        try {
            return new ClipPreprocessor(
                    resize,
                    filter(),
                    crop[0],
                    crop[1],
                    pad,
                    flag("do_rescale", true) ? number("rescale_factor", 1.0 / 255) : 1,
                    normalised ? three("image_mean", ClipPreprocessor.CLIP_MEAN) : new double[3],
                    normalised ? three("image_std", ClipPreprocessor.CLIP_STD) : new double[] {1, 1, 1});
        } catch (IllegalArgumentException e) {
            throw e.getMessage().startsWith(file) ? e : new IllegalArgumentException(file + ": " + e.getMessage(), e);
        }
    }

    private IllegalArgumentException unsupported(String key) {
        return new IllegalArgumentException(file + ": " + key + " = " + config.path(key) + " is not supported");
    }

    private boolean absent(String key) {
        return config.path(key).isMissingNode() || config.path(key).isNull();
    }

    private boolean flag(String key, boolean otherwise) {
        if (absent(key)) {
            return otherwise;
        }
        if (!config.path(key).isBoolean()) {
            throw unsupported(key);
        }
        return config.path(key).asBoolean();
    }

    private double number(String key, double otherwise) {
        if (absent(key)) {
            return otherwise;
        }
        if (!config.path(key).isNumber()) {
            throw unsupported(key);
        }
        return config.path(key).asDouble();
    }

    private double[] three(String key, double[] otherwise) {
        JsonNode values = config.path(key);
        if (absent(key)) {
            return otherwise;
        }
        if (!values.isArray() || values.size() != 3) {
            throw unsupported(key);
        }
        double[] three = new double[3];
        for (int i = 0; i < 3; i++) {
            if (!values.path(i).isNumber()) {
                throw unsupported(key);
            }
            three[i] = values.path(i).asDouble();
        }
        return three;
    }

    private PilResize.Filter filter() {
        if (absent("resample")) {
            return PilResize.Filter.BICUBIC;
        }
        for (PilResize.Filter filter : List.of(PilResize.Filter.BILINEAR, PilResize.Filter.BICUBIC)) {
            if (config.path("resample").isInt() && config.path("resample").asInt() == filter.code()) {
                return filter;
            }
        }
        throw unsupported("resample");
    }

    private Resize resize() {
        JsonNode size = config.path("size");
        if (absent("size")) {
            return new ShortestEdge(CLIP_SIZE);
        }
        if (size.isInt()) {
            return new ShortestEdge(size.asInt());
        }
        int[] exact = heightAndWidth("size");
        if (exact != null) {
            return new Exact(exact[0], exact[1]);
        }
        if (size.path("shortest_edge").isInt() && !size.hasNonNull("longest_edge")) {
            return new ShortestEdge(size.path("shortest_edge").asInt());
        }
        throw unsupported("size");
    }

    private int[] crop(Resize resize, boolean pad) {
        if (flag("do_center_crop", true)) {
            JsonNode crop = config.path("crop_size");
            if (absent("crop_size") || crop.isInt()) {
                return new int[] {crop.asInt(CLIP_SIZE), crop.asInt(CLIP_SIZE)};
            }
            int[] exact = heightAndWidth("crop_size");
            if (exact == null) {
                throw unsupported("crop_size");
            }
            return exact;
        }
        if (resize instanceof Exact exact) {
            return new int[] {exact.height(), exact.width()};
        }
        if (resize instanceof ShortestEdge edge && pad) {
            return new int[] {edge.pixels(), edge.pixels()};
        }
        throw new IllegalArgumentException(file + ": do_center_crop = false leaves pictures of unequal sizes");
    }

    private int[] heightAndWidth(String key) {
        JsonNode size = config.path(key);
        return size.path("height").isInt() && size.path("width").isInt()
                ? new int[] {size.path("height").asInt(), size.path("width").asInt()}
                : null;
    }

    static String toJson(ClipPreprocessor preprocessor) {
        ObjectNode config = JSON.createObjectNode();
        config.putObject("crop_size").put("height", preprocessor.height()).put("width", preprocessor.width());
        config.put("do_center_crop", true).put("do_convert_rgb", true).put("do_normalize", true);
        if (preprocessor.padToSquare()) {
            config.put("do_pad", true);
        }
        config.put("do_rescale", true).put("do_resize", !(preprocessor.resize() instanceof Unchanged));
        config.set("image_mean", JSON.valueToTree(preprocessor.mean()));
        config.put("image_processor_type", preprocessor.padToSquare() ? "LlavaImageProcessor" : "CLIPImageProcessor");
        config.set("image_std", JSON.valueToTree(preprocessor.std()));
        config.put("processor_class", "LlavaProcessor");
        config.put("resample", preprocessor.filter().code()).put("rescale_factor", preprocessor.rescale());
        if (preprocessor.resize() instanceof Exact exact) {
            config.putObject("size").put("height", exact.height()).put("width", exact.width());
        } else if (preprocessor.resize() instanceof ShortestEdge edge) {
            config.putObject("size").put("shortest_edge", edge.pixels());
        }
        return config.toPrettyString() + "\n";
    }
}
