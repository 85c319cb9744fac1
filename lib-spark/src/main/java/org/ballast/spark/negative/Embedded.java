package org.ballast.spark.negative;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.core.negative.RetrievedNegative.Candidate;
import org.ballast.spark.io.Table;

/** Responses with their embeddings, as they lie in a stage's working folder. */
final class Embedded {
    /**
     * {@code labels}: classes of the picture, without those below 0; {@code candidate}: whether it may be retrieved; {@code searches}:
     * whether matches are looked for; {@code vector}: float32, little-endian, of length 1.
     */
    static final StructType SCHEMA = new StructType()
            .add("prompt_id", DataTypes.StringType)
            .add("image_id", DataTypes.StringType)
            .add("kind", DataTypes.StringType)
            .add("labels", DataTypes.createArrayType(DataTypes.IntegerType))
            .add("response", DataTypes.StringType)
            .add("candidate", DataTypes.BooleanType)
            .add("searches", DataTypes.BooleanType)
            .add("vector", DataTypes.BinaryType);

    static final Table TABLE = new Table("embedded", SCHEMA, List.of("prompt_id"), false, false);

    private Embedded() {}

    static byte[] bytes(float[] vector) {
        ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES * vector.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(vector);
        return bytes.array();
    }

    static float[] floats(byte[] bytes) {
        float[] vector = new float[bytes.length / Float.BYTES];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(vector);
        return vector;
    }

    /** A row with the columns of {@link #SCHEMA} but {@code candidate} and {@code searches}. */
    static Candidate candidate(Row row) {
        return new Candidate(
                row.getAs("prompt_id"),
                row.getAs("image_id"),
                row.getAs("kind"),
                row.getList(row.fieldIndex("labels")),
                row.getAs("response"),
                floats(row.getAs("vector")));
    }
}
