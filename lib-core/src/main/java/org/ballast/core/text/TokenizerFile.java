package org.ballast.core.text;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.UUID;

/** A {@code tokenizer.json}: the names and ids of its tokens, and the same tokenizer to which special tokens are text. */
final class TokenizerFile {
    static final String NAME = "tokenizer.json";

    private static final int MAX_DEPTH = 64;
    private static final ObjectMapper JSON = new ObjectMapper(JsonFactory.builder()
            .streamReadConstraints(
                    StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH).build())
            .build());

    private final byte[] json;
    private final String source;
    private final ObjectNode config;
    private final Map<String, Integer> ids = new HashMap<>();
    private final Map<Integer, String> contents = new HashMap<>();
    private final int vocabularySize;

    private TokenizerFile(byte[] json, String source) throws IOException {
        this.json = json;
        this.source = source;
        this.config = parse(json, source);
        int size = 0;
        JsonNode vocabulary = config.path("model").path("vocab");
        if (vocabulary.isArray()) { // of a unigram model: pieces with their scores
            for (JsonNode piece : vocabulary) {
                add(piece.path(0).asText(), size++);
            }
        } else {
            for (Iterator<Map.Entry<String, JsonNode>> all = vocabulary.fields(); all.hasNext(); size++) {
                Map.Entry<String, JsonNode> token = all.next();
                add(token.getKey(), token.getValue().asInt());
            }
        }
        for (JsonNode token : config.path("added_tokens")) {
            add(token.path("content").asText(), token.path("id").asInt());
            size = Math.max(size, token.path("id").asInt() + 1);
        }
        vocabularySize = size;
    }

    /** The file, or the one in a checkpoint directory. */
    static TokenizerFile read(Path path) throws IOException {
        Path file = Files.isDirectory(path) ? path.resolve(NAME) : path;
        if (!Files.exists(file)) {
            throw new IllegalArgumentException(file + ": there is no such tokenizer");
        }
        return new TokenizerFile(Files.readAllBytes(file), file.toString());
    }

    private void add(String content, int id) {
        ids.put(content, id);
        contents.put(id, content);
    }

    private static ObjectNode parse(byte[] json, String source) {
        try {
            if (JSON.readTree(json) instanceof ObjectNode config
                    && config.path("model").isObject()) {
                TokenizerComponents.require(config, source);
                return config;
            }
        } catch (IOException e) { // bytes that are no text are one too
            throw new IllegalArgumentException(source + ": no JSON: " + e.getMessage(), e);
        }
        throw new IllegalArgumentException(source + ": no tokenizer: it has no model");
    }

    byte[] json() {
        return json;
    }

    String source() {
        return source;
    }

    int vocabularySize() {
        return vocabularySize;
    }

    /** @throws IllegalArgumentException naming the file, if it has no such token */
    int id(String content) {
        Integer id = ids.get(content);
        if (id == null) {
            throw new IllegalArgumentException(source + ": there is no token " + content);
        }
        return id;
    }

    /** @throws IllegalArgumentException naming the file, if it has no token of that id */
    String content(int id) {
        String content = contents.get(id);
        if (content == null) {
            throw new IllegalArgumentException(source + ": there is no token of the id " + id);
        }
        return content;
    }

    /** The id of a special token that was added to the model's vocabulary by name. */
    int addedId(String content) {
        for (JsonNode token : config.path("added_tokens")) {
            if (token.path("special").asBoolean()
                    && token.path("content").asText().equals(content)) {
                return token.path("id").asInt();
            }
        }
        throw new IllegalArgumentException(source + ": no special token " + content + " among "
                + special().keySet().stream().sorted().toList());
    }

    private Map<String, Integer> special() {
        Map<String, Integer> special = new HashMap<>();
        for (JsonNode token : config.path("added_tokens")) {
            if (token.path("special").asBoolean()) {
                special.put(token.path("content").asText(), token.path("id").asInt());
            }
        }
        return special;
    }

    /**
     * A tokenizer whose special tokens have other names.
     *
     * @param prefix what every new name starts with
     */
    @SuppressWarnings("ArrayRecordComponent")
    record Plain(byte[] json, String prefix) {
        String name(int id) {
            return prefix + id + "\uE001";
        }
    }

    /**
     * The same tokenizer, ids and all, to which the special tokens are text: they have names that nobody can guess, so it neither finds them in a text nor
     * merges characters into one.
     *
     * @param more ids of tokens that count as special, whatever the file says
     */
    Plain withoutSpecialTokens(int... more) throws IOException {
        Map<String, Integer> special = special();
        Arrays.stream(more).forEach(id -> special.put(content(id), id));
        Plain names = new Plain(new byte[0], "\uE000" + UUID.randomUUID() + ":");
        ObjectNode text = config.deepCopy();
        text.putNull("post_processor");
        for (JsonNode token : text.path("added_tokens")) {
            rename((ObjectNode) token, "content", special, names);
        }
        ObjectNode model = (ObjectNode) text.get("model");
        rename(model, "unk_token", special, names);
        JsonNode vocabulary = model.path("vocab");
        if (vocabulary.isArray()) {
            for (JsonNode piece : vocabulary) {
                Integer id = special.get(piece.path(0).asText());
                if (id != null) {
                    ((ArrayNode) piece).set(0, names.name(id));
                }
            }
        } else if (vocabulary.isObject()) {
            special.forEach((content, id) -> {
                JsonNode own = ((ObjectNode) vocabulary).remove(content);
                if (own != null) {
                    ((ObjectNode) vocabulary).set(names.name(id), own);
                }
            });
        }
        if (model.path("merges").isArray()) {
            dropMerges(model, special);
        }
        return new Plain(JSON.writeValueAsBytes(text), names.prefix);
    }

    private static void rename(ObjectNode node, String field, Map<String, Integer> special, Plain names) {
        Integer id = special.get(node.path(field).asText());
        if (id != null) {
            node.put(field, names.name(id));
        }
    }

    /** A merge of, or into, a token that has another name now. */
    private static void dropMerges(ObjectNode model, Map<String, Integer> special) {
        JsonNode all = model.get("merges");
        ArrayNode kept = model.putArray("merges");
        for (JsonNode merge : all) {
            String[] parts = merge.isArray()
                    ? new String[] {merge.path(0).asText(), merge.path(1).asText()}
                    : merge.asText().split(" ", 2);
            if (parts.length == 2
                    && !special.containsKey(parts[0])
                    && !special.containsKey(parts[1])
                    && !special.containsKey(parts[0] + parts[1])) {
                kept.add(merge);
            }
        }
    }
}
