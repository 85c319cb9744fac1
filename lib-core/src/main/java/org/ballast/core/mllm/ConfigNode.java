package org.ballast.core.mllm;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * An object of a JSON configuration with typed access to its values. A key that is not there has the default given; a null where a value is needed, and a value of
 * another type, is a {@link CheckpointException} that names file, key and value.
 */
final class ConfigNode {
    private static final int MAX_DEPTH = 32;
    private static final long MAX_BYTES = 50_000_000;

    private static final ObjectMapper JSON = new ObjectMapper(JsonFactory.builder()
            .streamReadConstraints(
                    StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH).build())
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build());

    private final String file;
    private final String prefix;
    private final JsonNode node;

    private ConfigNode(String file, String prefix, JsonNode node) {
        this.file = file;
        this.prefix = prefix;
        this.node = node;
    }

    static ConfigNode read(Path file) {
        try {
            if (Files.size(file) > MAX_BYTES) {
                throw new CheckpointException(
                        file + ": has " + Files.size(file) + " bytes; no configuration is longer than " + MAX_BYTES);
            }
            return parse(Files.readAllBytes(file), file.toString());
        } catch (NoSuchFileException e) {
            throw new CheckpointException(file + ": there is no such file", e);
        } catch (IOException e) {
            throw new CheckpointException(file + ": cannot be read: " + e, e);
        }
    }

    /** @param file what the messages call it */
    static ConfigNode parse(byte[] json, String file) {
        JsonNode root;
        try (JsonParser parser = JSON.createParser(json)) {
            root = JSON.readTree(parser);
            if (root != null && parser.nextToken() != null) {
                throw new CheckpointException(file + ": goes on behind the JSON object");
            }
        } catch (IOException e) {
            throw new CheckpointException(file + ": cannot be read as JSON: " + e.getMessage(), e);
        }
        if (root == null || !root.isObject()) {
            throw new CheckpointException(file + ": is no JSON object");
        }
        return new ConfigNode(file, "", root);
    }

    /** Whether the key is there with a value other than null. */
    boolean has(String key) {
        return node.hasNonNull(key);
    }

    private boolean isNull(String key) {
        return node.path(key).isNull();
    }

    boolean isEmpty() {
        return node.isEmpty();
    }

    List<String> keys() {
        return node.properties().stream().map(Map.Entry::getKey).toList();
    }

    boolean isText(String key) {
        return node.path(key).isTextual();
    }

    /** Whether the key is there with more than null, false, or an empty list or object. */
    boolean isOn(String key) {
        JsonNode value = node.path(key);
        return has(key)
                && !(value.isContainerNode() && value.isEmpty())
                && !(value.isBoolean() && !value.booleanValue());
    }

    private boolean isList(String key) {
        return node.path(key).isArray();
    }

    /** The object of that key; an empty one if it is not there or null. */
    ConfigNode object(String key) {
        JsonNode value = has(key) ? node.get(key) : JSON.createObjectNode();
        if (!value.isObject()) {
            throw fault(key, "an object");
        }
        return new ConfigNode(file, prefix + key + ".", value);
    }

    int integer(String key, int defaultValue) {
        if (!node.has(key)) {
            return defaultValue;
        }
        return toInteger(key, node.get(key));
    }

    /** The same, null if the file says null. */
    Integer optionalInteger(String key, Integer defaultValue) {
        if (!node.has(key)) {
            return defaultValue;
        }
        return isNull(key) ? null : (Integer) toInteger(key, node.get(key));
    }

    /** One integer or a list of them. */
    List<Integer> integers(String key, List<Integer> defaultValue) {
        if (!node.has(key)) {
            return defaultValue;
        }
        if (!isList(key)) {
            return isNull(key) ? List.of() : List.of(toInteger(key, node.get(key)));
        }
        List<Integer> out = new ArrayList<>();
        node.get(key).forEach(n -> out.add(toInteger(key, n)));
        return out;
    }

    List<String> strings(String key) {
        List<String> out = new ArrayList<>();
        if (has(key)) {
            if (!isList(key)) {
                throw fault(key, "a list of strings");
            }
            for (JsonNode n : node.get(key)) {
                if (!n.isTextual()) {
                    throw fault(key, "a list of strings");
                }
                out.add(n.textValue());
            }
        }
        return out;
    }

    private int toInteger(String key, JsonNode value) {
        if (!value.isIntegralNumber() || !value.canConvertToInt()) {
            throw fault(key, "an integer");
        }
        return value.intValue();
    }

    double number(String key, double defaultValue) {
        if (!node.has(key)) {
            return defaultValue;
        }
        if (!node.get(key).isNumber()) {
            throw fault(key, "a number");
        }
        return node.get(key).doubleValue();
    }

    /** A number that has no default. */
    double number(String key) {
        if (!node.has(key)) {
            throw new CheckpointException(file + ": " + prefix + key + " is missing");
        }
        return number(key, Double.NaN);
    }

    boolean bool(String key, boolean defaultValue) {
        if (!node.has(key)) {
            return defaultValue;
        }
        if (!node.get(key).isBoolean()) {
            throw fault(key, "true or false");
        }
        return node.get(key).booleanValue();
    }

    String text(String key, String defaultValue) {
        if (!node.has(key)) {
            return defaultValue;
        }
        if (!node.get(key).isTextual()) {
            throw fault(key, "a string");
        }
        return node.get(key).textValue();
    }

    String requireOneOf(String key, String defaultValue, List<String> allowed) {
        String value = text(key, defaultValue);
        if (!allowed.contains(value)) {
            throw refused(key, String.join(", ", allowed));
        }
        return value;
    }

    /** Whether one of the values is an object. */
    boolean holdsObjects() {
        for (JsonNode value : node) {
            if (value.isObject()) {
                return true;
            }
        }
        return false;
    }

    /** The files of an index's {@code weight_map}, each with the names of its tensors. */
    Map<Path, List<String>> shards(Path dir) {
        Map<Path, List<String>> out = new TreeMap<>();
        ConfigNode map = object("weight_map");
        for (Map.Entry<String, JsonNode> e : map.node.properties()) {
            String name = map.text(e.getKey(), "");
            if (!name.endsWith(".safetensors")) {
                throw map.refused(e.getKey(), "safetensors files");
            }
            Path shard = dir.resolve(name);
            Path folder = dir.toAbsolutePath().normalize();
            if (!folder.equals(shard.toAbsolutePath().normalize().getParent()) || !Files.isRegularFile(shard)) {
                throw new CheckpointException(file + ": shard " + name + " is no file of this directory");
            }
            out.computeIfAbsent(shard, s -> new ArrayList<>()).add(e.getKey());
        }
        if (out.isEmpty()) {
            throw new CheckpointException(file + ": weight_map is empty or missing");
        }
        return out;
    }

    /** Names the key, its value, and what is supported in its place. */
    CheckpointException refused(String key, String supported) {
        return new CheckpointException(
                file + ": " + prefix + key + " is " + shown(key) + ", which is not supported; supported: " + supported);
    }

    private CheckpointException fault(String key, String expected) {
        return new CheckpointException(file + ": " + prefix + key + " must be " + expected + ", is " + shown(key));
    }

    private String shown(String key) {
        String value = node.path(key).toString();
        return node.has(key) ? value.substring(0, Math.min(200, value.length())) : "missing";
    }
}
