package org.ballast.spark.shard;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Iterator;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.ballast.core.data.Reason;

/**
 * What picture folders and WebDataset shards share: a picture with files of the same name beside it that say what it shows. A
 * {@code .txt} is the caption, a {@code .cls} the class, a {@code .json} an object whose fields join the row.
 */
final class PictureSidecars {
    /** The row's own name in its source. */
    static final String KEY = "__key__";
    /** Name of the folder that stands for a class. */
    static final String CLASS = "__class__";

    static final String IMAGE = "image";
    static final String CAPTION = "caption";
    static final String LABEL = "label";

    private static final Set<String> PICTURES = Set.of("jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff");

    private PictureSidecars() {}

    /** The part of a name behind its last dot, in lower case; empty for none. */
    static String extension(String name) {
        int dot = name.lastIndexOf('.');
        return dot < name.lastIndexOf('/') + 1 ? "" : name.substring(dot + 1).toLowerCase(Locale.ROOT);
    }

    /** True for the extension of a format of pictures. */
    static boolean isPicture(String name) {
        return PICTURES.contains(extension(name));
    }

    /**
     * Puts the fields of a {@code .json} into a row.
     *
     * @return what is wrong with it, null for nothing
     */
    static SourceRow addFields(ObjectNode row, String file, byte[] text) {
        SourceRow parsed = JsonText.row(text, text.length, file);
        if (parsed.json() == null) {
            return parsed;
        }
        if (!parsed.json().isObject()) {
            return SourceRow.rejected(
                    Reason.NOT_A_ROW,
                    "%s must be an object, was %s".formatted(file, AnnotationFormat.shown(parsed.json())),
                    parsed.raw());
        }
        addFields(row, parsed.json());
        return null;
    }

    /** Puts the fields of an object into a row; its own stay. */
    static void addFields(ObjectNode row, JsonNode fields) {
        for (Iterator<Map.Entry<String, JsonNode>> all = fields.fields(); all.hasNext(); ) {
            Map.Entry<String, JsonNode> field = all.next();
            if (!row.has(field.getKey())) {
                row.set(field.getKey(), field.getValue());
            }
        }
    }

    /**
     * Puts the text of a {@code .txt} or {@code .cls} into a row, without the space around it.
     *
     * @return what is wrong with it, null for nothing
     */
    static SourceRow addText(ObjectNode row, String field, String file, byte[] text, boolean firstLine) {
        String decoded;
        try {
            decoded = java.nio.charset.StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(java.nio.ByteBuffer.wrap(text))
                    .toString();
        } catch (java.nio.charset.CharacterCodingException e) {
            return SourceRow.rejected(
                    Reason.MALFORMED_ROW, "%s is no UTF-8 text".formatted(file), JsonText.shown(text, text.length));
        }
        String stripped = decoded.startsWith("\ufeff") ? decoded.substring(1).strip() : decoded.strip();
        row.put(field, firstLine ? stripped.lines().findFirst().orElse("").strip() : stripped);
        return null;
    }
}
