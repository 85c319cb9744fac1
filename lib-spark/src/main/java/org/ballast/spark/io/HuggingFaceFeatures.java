package org.ballast.spark.io;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Arrays;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.ballast.spark.rows.ImageRows;

/**
 * The value of the Parquet footer key {@value #KEY}: the columns as Hugging Face {@code datasets} declares them. A
 * {@code struct<bytes, path>} is an {@code Image}, which {@code datasets} decodes; without the key it stays a dict.
 */
public final class HuggingFaceFeatures {
    /** Name of the footer key. */
    public static final String KEY = "huggingface";

    /** Metadata of a long column that holds class indices: the names of the classes by index, all different. */
    public static final String CLASS_NAMES = "ballast.class_names";

    private static final ObjectMapper MAPPER = new ObjectMapper();

    private HuggingFaceFeatures() {}

    /**
     * {@code {"info": {"features": {column: feature}}}}.
     *
     * @throws IllegalArgumentException for a column type that has no counterpart
     */
    public static String of(StructType schema) {
        ObjectNode root = MAPPER.createObjectNode();
        root.putObject("info").set("features", struct(schema));
        try {
            return MAPPER.writeValueAsString(root);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("schema cannot be written: " + schema.simpleString(), e);
        }
    }

    private static ObjectNode struct(StructType schema) {
        ObjectNode features = MAPPER.createObjectNode();
        for (StructField field : schema.fields()) {
            features.set(
                    field.name(),
                    field.metadata().contains(CLASS_NAMES)
                            ? classLabel(field.metadata().getStringArray(CLASS_NAMES))
                            : feature(field.name(), field.dataType()));
        }
        return features;
    }

    private static ObjectNode classLabel(String[] names) {
        ObjectNode label = MAPPER.createObjectNode().put("_type", "ClassLabel");
        ArrayNode list = label.putArray("names");
        for (String name : names) {
            list.add(name);
        }
        return label;
    }

    private static JsonNode feature(String name, DataType type) {
        if (type instanceof StructType struct) {
            return isImage(struct) ? MAPPER.createObjectNode().put("_type", "Image") : struct(struct);
        }
        if (type instanceof ArrayType array) {
            // the one-element list is a plain list in every version; "Sequence" of a struct would turn into a dict of
            // lists
            return MAPPER.createArrayNode().add(feature(name, array.elementType()));
        }
        return MAPPER.createObjectNode().put("dtype", dtype(name, type)).put("_type", "Value");
    }

    private static boolean isImage(StructType struct) {
        return Arrays.equals(struct.fieldNames(), ImageRows.IMAGE.fieldNames())
                && struct.apply("bytes").dataType().equals(DataTypes.BinaryType)
                && struct.apply("path").dataType().equals(DataTypes.StringType);
    }

    private static String dtype(String name, DataType type) {
        return switch (type.typeName()) {
            case "string" -> "string";
            case "binary" -> "binary";
            case "boolean" -> "bool";
            case "integer" -> "int32";
            case "long" -> "int64";
            case "float" -> "float32";
            case "double" -> "float64";
            default -> throw new IllegalArgumentException(
                    "column '%s' of type %s has no Hugging Face feature".formatted(name, type.simpleString()));
        };
    }
}
