package org.ballast.spark.export;

import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** Pictures beside JSON that names them, each once, as {@link LocatedRow#fileName} spells it. */
final class PictureFiles {
    private static final StructType CONTENT = new StructType().add("bytes", DataTypes.BinaryType);

    private PictureFiles() {}

    /** Files below a folder. */
    record Loose() implements Assembler {
        private static final long serialVersionUID = 1L;

        @Override
        public FileContainer.Kind kind() {
            return FileContainer.Kind.BYTES;
        }

        @Override
        public long size(LocatedRow row) {
            return row.bytes();
        }

        @Override
        public List<Record> records(LocatedRow row, Row picture, String file) {
            return List.of(new Record(
                    LocatedRow.fileName(row.imageId(), row.extension()),
                    new GenericRowWithSchema(new Object[] {picture.getAs("bytes")}, CONTENT)));
        }

        @Override
        public String file(String split, int number) {
            return "";
        }
    }

    /** Members of {@code images-NNNNNN.tar}. */
    record Shards() implements Assembler {
        private static final long serialVersionUID = 1L;

        @Override
        public FileContainer.Kind kind() {
            return FileContainer.Kind.TAR;
        }

        @Override
        public long size(LocatedRow row) {
            return FileContainer.Tar.size(row.bytes());
        }

        @Override
        public List<Record> records(LocatedRow row, Row picture, String file) {
            return List.of(new Record(
                    file,
                    WebDatasetRows.member(
                            LocatedRow.fileName(row.imageId(), row.extension()), picture.getAs("bytes"))));
        }

        @Override
        public String file(String split, int number) {
            return "images-%06d.tar".formatted(number);
        }
    }
}
