package org.ballast.spark.export;

import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.core.data.Prompt;
import org.ballast.spark.io.Table;
import org.ballast.spark.rows.PromptRows;

/**
 * A row of {@link TextRows} with the place of its picture.
 *
 * @param imageId null without a picture
 * @param body what the kind of rows has
 * @param bytes of the picture, 0 without one and for a reference
 * @param extension of the picture's file name, null without a picture
 * @param reference path or URI of a picture that is not stored, else null
 */
record LocatedRow(String key, String imageId, String split, Row body, long bytes, String extension, String reference) {
    private static final String LOCAL = "file:";

    static StructType schema(StructType body) {
        return new StructType()
                .add(TextRows.KEY, DataTypes.StringType)
                .add(TextRows.IMAGE_ID, DataTypes.StringType)
                .add(Table.SPLIT, DataTypes.StringType)
                .add(TextRows.BODY, body)
                .add(PicturePlaces.PLACE, PicturePlaces.SCHEMA);
    }

    static LocatedRow of(Row row) {
        Row place = row.getAs(PicturePlaces.PLACE);
        return new LocatedRow(
                row.getAs(TextRows.KEY),
                row.getAs(TextRows.IMAGE_ID),
                row.getAs(Table.SPLIT),
                row.getAs(TextRows.BODY),
                place == null ? 0 : place.<Long>getAs("bytes"),
                place == null ? null : place.getAs("extension"),
                place == null ? null : local(place.getAs("reference")));
    }

    /** The prompt of a body that has one. */
    Prompt prompt() {
        return new Prompt(
                body.getAs("prompt_id"),
                imageId,
                body.getAs("prompt"),
                PromptRows.turns(body, "history"),
                null,
                null,
                split,
                "export",
                null);
    }

    /** A text of the body. */
    String text(String column) {
        return body.getAs(column);
    }

    /** The structs of an array of the body, empty where it is null. */
    List<Row> structs(String column) {
        int index = body.fieldIndex(column);
        return body.isNullAt(index) ? List.of() : body.getList(index);
    }

    /** Name of the picture's file below a folder of pictures: {@code ab/abcd....png}. */
    static String fileName(String imageId, String extension) {
        return imageId.substring(0, 2) + "/" + imageId + "." + extension;
    }

    /** A path on the local disk without its scheme, as programs that know no URIs want it. */
    static String local(String reference) {
        if (reference == null || !reference.startsWith(LOCAL)) {
            return reference;
        }
        return reference.substring(LOCAL.length()).replaceFirst("^/+", "/");
    }
}
