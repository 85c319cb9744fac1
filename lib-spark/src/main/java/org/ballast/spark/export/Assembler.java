package org.ballast.spark.export;

import java.io.Serializable;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.catalog.ExternalCatalogUtils;
import org.apache.spark.sql.types.StructType;

/** Makes the records of a file out of a row and its picture. */
interface Assembler extends Serializable {
    /** The files that it makes. */
    FileContainer.Kind kind();

    /** Columns of {@link FileContainer.Kind#PARQUET}; empty for other kinds. */
    default Optional<StructType> parquet() {
        return Optional.empty();
    }

    /** What the row adds to a file, in bytes before compression. */
    long size(LocatedRow row);

    /**
     * The records of a row.
     *
     * @param picture {@link org.ballast.spark.rows.ImageRows#IMAGE}, null without a picture
     */
    List<Record> records(LocatedRow row, Row picture, String file);

    /**
     * Path of a file below the folder of the export.
     *
     * @param number of the file in its split, from 0
     */
    String file(String split, int number);

    /** A record and the file that it goes to. */
    record Record(String file, Row row) {}

    /** A split's name as a part of a path, spelled as Spark spells partition folders. */
    static String escaped(String split) {
        return ExternalCatalogUtils.escapePathName(split);
    }
}
