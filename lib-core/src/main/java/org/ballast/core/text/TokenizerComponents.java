package org.ballast.core.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What of a {@code tokenizer.json} may go to the native library. Where that meets what it does not expect it panics, which ends the process; so components that it is not known to
 * survive, and values of known ones on which it panics, are refused here, by name.
 *
 * <p>Source: the readers and the {@code unwrap}s of huggingface/tokenizers 0.21.
 */
final class TokenizerComponents {
    private static final Set<String> MODELS = Set.of("BPE", "WordPiece", "WordLevel", "Unigram");
    private static final Map<String, Set<String>> TYPES = Map.of(
            "normalizer",
            Set.of(
                    "Sequence",
                    "Prepend",
                    "Replace",
                    "NFC",
                    "NFD",
                    "NFKC",
                    "NFKD",
                    "Lowercase",
                    "Strip",
                    "StripAccents",
                    "BertNormalizer",
                    "ByteLevel"),
            "pre_tokenizer",
            Set.of(
                    "Sequence",
                    "ByteLevel",
                    "Split",
                    "Metaspace",
                    "Whitespace",
                    "WhitespaceSplit",
                    "BertPreTokenizer",
                    "Digits",
                    "Punctuation"),
            "post_processor",
            Set.of("Sequence", "TemplateProcessing", "ByteLevel", "BertProcessing", "RobertaProcessing"),
            "decoder",
            Set.of(
                    "Sequence",
                    "Replace",
                    "ByteFallback",
                    "Fuse",
                    "Strip",
                    "ByteLevel",
                    "Metaspace",
                    "WordPiece",
                    "BPEDecoder"));

    /** Where a sequence has its parts. */
    private static final List<String> PARTS = List.of("normalizers", "pretokenizers", "processors", "decoders");

    private final String source;

    private TokenizerComponents(String source) {
        this.source = source;
    }

    /** @throws IllegalArgumentException naming the source, the component and the value */
    static void require(JsonNode config, String source) {
        TokenizerComponents components = new TokenizerComponents(source);
        TYPES.forEach((key, types) -> components.component(key, types, config.path(key)));
        components.model(config.path("model"));
        for (JsonNode token : config.path("added_tokens")) {
            components.id("added_tokens", token.path("id"));
            components.hold(
                    token.path("content").isTextual()
                            && !token.path("content").textValue().isEmpty(),
                    "added_tokens",
                    token);
        }
    }

    private void component(String key, Set<String> types, JsonNode node) {
        if (node.isMissingNode() || node.isNull()) {
            return;
        }
        String type = node.path("type").asText("");
        hold(types.contains(type), key, node);
        switch (type) {
            case "Sequence" -> PARTS.forEach(part -> node.path(part).forEach(child -> component(key, types, child)));
            case "TemplateProcessing" -> template(node);
                // the library looks for the last characters before it looks whether there are any
            case "Strip" -> hold(node.path("stop").asInt(0) == 0, key, node);
            case "Split", "Replace" -> pattern(key, node.path("pattern").path("Regex"));
            default -> {}
        }
    }

    /** Every token that a template places must be described, and a single text has no second part. */
    private void template(JsonNode node) {
        List<JsonNode> pieces = new ArrayList<>();
        node.path("single").forEach(pieces::add);
        node.path("single")
                .forEach(piece ->
                        hold(piece.path("Sequence").path("id").asText("A").equals("A"), "post_processor", piece));
        node.path("pair").forEach(pieces::add);
        for (JsonNode piece : pieces) {
            if (piece.has("SpecialToken")) {
                JsonNode id = piece.path("SpecialToken").path("id");
                hold(node.path("special_tokens").has(id.asText()), "post_processor", piece);
            }
        }
        for (JsonNode token : node.path("special_tokens")) {
            token.path("ids").forEach(id -> id("post_processor", id));
            hold(token.path("ids").size() == token.path("tokens").size(), "post_processor", token);
        }
    }

    private void model(JsonNode model) {
        String type = model.path("type").asText("");
        // files of older versions leave it out
        hold(model.path("type").isMissingNode() || MODELS.contains(type), "model.type", model.path("type"));
        if (model.has("merges")) {
            // the library cuts the prefix off the second half of each merge without looking
            JsonNode prefix = model.path("continuing_subword_prefix");
            hold(prefix.asText("").isEmpty() || prefix.isNull(), "model.continuing_subword_prefix", prefix);
            hold(model.path("dropout").asDouble(0) == 0, "model.dropout", model.path("dropout"));
        }
        if (model.path("vocab").isObject()) {
            model.path("vocab").forEach(id -> id("model.vocab", id));
        }
    }

    /** The library's matcher gives up after so many steps back, by a panic: groups that repeat are what takes them. */
    private void pattern(String key, JsonNode regex) {
        if (!regex.isTextual()) {
            return;
        }
        String text = regex.textValue();
        int classes = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\\') {
                i++;
            } else if (c == '[') {
                classes++;
            } else if (c == ']') {
                classes = Math.max(0, classes - 1);
            } else if (c == ')' && classes == 0 && i + 1 < text.length()) {
                hold("*+{".indexOf(text.charAt(i + 1)) < 0, key, regex);
            }
        }
    }

    private void id(String key, JsonNode id) {
        hold(id.isIntegralNumber() && id.canConvertToInt() && id.intValue() >= 0, key, id);
    }

    private void hold(boolean holds, String key, JsonNode value) {
        if (!holds) {
            String shown = value.toString();
            throw new IllegalArgumentException(source + ": " + key + " "
                    + shown.substring(0, Math.min(200, shown.length())) + " is not supported");
        }
    }
}
