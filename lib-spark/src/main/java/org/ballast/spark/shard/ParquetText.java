package org.ballast.spark.shard;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.schema.GroupType;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType;
import org.apache.parquet.schema.Type;
import org.ballast.core.data.Reason;
import org.ballast.core.data.RowRejected;

/** Columns of text and numbers of a Parquet file, and their values as JSON. */
final class ParquetText {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    private ParquetText() {}

    /** @throws AnnotationException when it is no Parquet file */
    static MessageType schema(Configuration hadoop, String file, Path place) {
        try (ParquetFileReader reader = ParquetFileReader.open(HadoopInputFile.fromPath(place, hadoop))) {
            return reader.getFileMetaData().getSchema();
        } catch (IOException | RuntimeException | StackOverflowError e) {
            throw new AnnotationException("%s is no Parquet file that can be read: %s".formatted(file, why(e)), e);
        }
    }

    /** True when the column {@code image} holds encoded pictures: bytes, or Hugging Face's struct of bytes and path. */
    static boolean holdsPictures(MessageType schema) {
        if (!schema.containsField("image")) {
            return false;
        }
        Type image = schema.getType("image");
        if (image.isPrimitive()) {
            return isBytes(image);
        }
        return image.asGroupType().containsField("bytes")
                && isBytes(image.asGroupType().getType("bytes"));
    }

    /** The schema without its columns of bytes. */
    static MessageType readable(String file, MessageType schema) {
        List<Type> fields = readable(file, schema, 0);
        if (fields.isEmpty()) {
            throw new AnnotationException("%s has no column of text or numbers".formatted(file));
        }
        return new MessageType(schema.getName(), fields);
    }

    private static List<Type> readable(String file, GroupType group, int depth) {
        if (depth > JsonText.MAX_DEPTH) {
            throw new AnnotationException("%s has columns nested deeper than %d".formatted(file, JsonText.MAX_DEPTH));
        }
        List<Type> fields = new ArrayList<>();
        for (Type field : group.getFields()) {
            if (!field.isPrimitive()) {
                List<Type> inner = readable(file, field.asGroupType(), depth + 1);
                if (!inner.isEmpty()) {
                    fields.add(field.asGroupType().withNewFields(inner));
                }
            } else if (!isBytes(field)) {
                fields.add(field);
            }
        }
        return fields;
    }

    private static boolean isBytes(Type type) {
        if (!type.isPrimitive()) {
            return false;
        }
        PrimitiveType.PrimitiveTypeName name = type.asPrimitiveType().getPrimitiveTypeName();
        if (name == PrimitiveType.PrimitiveTypeName.INT96
                || name == PrimitiveType.PrimitiveTypeName.FIXED_LEN_BYTE_ARRAY) {
            return true;
        }
        LogicalTypeAnnotation logical = type.getLogicalTypeAnnotation();
        boolean text = logical instanceof LogicalTypeAnnotation.StringLogicalTypeAnnotation
                || logical instanceof LogicalTypeAnnotation.EnumLogicalTypeAnnotation
                || logical instanceof LogicalTypeAnnotation.JsonLogicalTypeAnnotation;
        return name == PrimitiveType.PrimitiveTypeName.BINARY && !text;
    }

    /**
     * A row as JSON: structs as objects, lists as arrays, an absent value as null.
     *
     * @throws RowRejected for a text that is no UTF-8
     */
    static ObjectNode json(Group row, GroupType type) throws RowRejected {
        ObjectNode object = JSON.objectNode();
        for (int i = 0; i < type.getFieldCount(); i++) {
            object.set(type.getFieldName(i), field(row, i, type.getType(i)));
        }
        return object;
    }

    private static JsonNode field(Group row, int index, Type type) throws RowRejected {
        int count = row.getFieldRepetitionCount(index);
        if (type.isRepetition(Type.Repetition.REPEATED)) {
            ArrayNode array = JSON.arrayNode(count);
            for (int i = 0; i < count; i++) {
                array.add(value(row, index, i, type));
            }
            return array;
        }
        return count == 0 ? JSON.nullNode() : value(row, index, 0, type);
    }

    private static JsonNode value(Group row, int index, int repetition, Type type) throws RowRejected {
        if (!type.isPrimitive()) {
            GroupType group = type.asGroupType();
            Group inner = row.getGroup(index, repetition);
            return group.getLogicalTypeAnnotation() instanceof LogicalTypeAnnotation.ListLogicalTypeAnnotation
                    ? list(inner, group)
                    : json(inner, group);
        }
        return switch (type.asPrimitiveType().getPrimitiveTypeName()) {
            case BOOLEAN -> JSON.booleanNode(row.getBoolean(index, repetition));
            case INT32 -> JSON.numberNode(row.getInteger(index, repetition));
            case INT64 -> JSON.numberNode(row.getLong(index, repetition));
            case FLOAT -> JSON.numberNode(row.getFloat(index, repetition));
            case DOUBLE -> JSON.numberNode(row.getDouble(index, repetition));
            case BINARY -> JSON.textNode(text(row.getBinary(index, repetition), type.getName()));
            case INT96, FIXED_LEN_BYTE_ARRAY -> JSON.nullNode();
        };
    }

    /** Lists of three levels, as all of today's writers have them, and of two, as older ones. */
    private static JsonNode list(Group list, GroupType type) throws RowRejected {
        Type repeated = type.getType(0);
        boolean threeLevels = !repeated.isPrimitive()
                && repeated.asGroupType().getFieldCount() == 1
                && !repeated.getName().equals("array")
                && !repeated.getName().equals(type.getName() + "_tuple");
        if (!threeLevels) {
            return field(list, 0, repeated);
        }
        int count = list.getFieldRepetitionCount(0);
        ArrayNode array = JSON.arrayNode(count);
        for (int i = 0; i < count; i++) {
            array.add(field(list.getGroup(0, i), 0, repeated.asGroupType().getType(0)));
        }
        return array;
    }

    private static String text(Binary value, String column) throws RowRejected {
        byte[] bytes = value.getBytes();
        if (bytes.length > JsonRows.MAX_ROW_BYTES) {
            throw new RowRejected(
                    Reason.TOO_LONG,
                    "column %s has %d bytes, at most %d are read"
                            .formatted(column, bytes.length, JsonRows.MAX_ROW_BYTES));
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(java.nio.ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new RowRejected(Reason.MALFORMED_ROW, "column %s is no UTF-8 text".formatted(column));
        }
    }

    /** The cause of an error of Parquet's reader, which often says it in a cause only. */
    static String why(Throwable e) {
        StringBuilder why = new StringBuilder(String.valueOf(e.getMessage()));
        for (Throwable cause = e.getCause(); cause != null && why.length() < 300; cause = cause.getCause()) {
            why.append(": ").append(cause.getMessage());
        }
        return why.length() <= 400 ? why.toString() : why.substring(0, 400) + "...";
    }
}
