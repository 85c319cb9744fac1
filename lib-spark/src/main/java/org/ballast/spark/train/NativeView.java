package org.ballast.spark.train;

import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A dense ND4J vector seen in place, as a libtorch tensor or copied to and from a Java array. */
final class NativeView {
    private NativeView() {}

    /** An address that is not owned: no deallocator is registered for it. */
    private static final class Address extends Pointer {
        Address(long address) {
            super((Pointer) null);
            this.address = address;
        }
    }

    /**
     * Zero-copy alias, shape [length]. The caller keeps the array reachable while the tensor lives.
     *
     * @throws IllegalArgumentException if the array is not dense or is neither FLOAT nor DOUBLE
     */
    static Tensor tensor(INDArray vector) {
        var options = new TensorOptions(scalarType(vector.dataType()));
        return torch.from_blob(address(vector), new long[] {vector.length()}, options); // [length]
    }

    static float[] toFloats(INDArray vector) {
        requireFloat(vector);
        float[] values = new float[Math.toIntExact(vector.length())];
        try (var pointer = new FloatPointer(address(vector))) {
            pointer.get(values);
        }
        return values;
    }

    static void copy(float[] from, INDArray to) {
        requireFloat(to);
        if (from.length != to.length()) {
            throw new IllegalArgumentException("cannot copy " + from.length + " values into " + to.length());
        }
        try (var pointer = new FloatPointer(address(to))) {
            pointer.put(from);
        }
    }

    /** {@code data().address()} ignores the offset of a view, hence the sum. */
    private static Address address(INDArray vector) {
        int rank = vector.rank();
        boolean dense = vector.length() == 1
                || (rank == 1 && vector.stride(0) == 1)
                || (rank == 2 && vector.size(0) == 1 && vector.stride(1) == 1)
                || (rank == 2 && vector.size(1) == 1 && vector.stride(0) == 1);
        if (!dense) {
            throw new IllegalArgumentException("not a dense vector: " + vector.shapeInfoToString());
        }
        return new Address(
                vector.data().address() + vector.offset() * vector.data().getElementSize());
    }

    private static void requireFloat(INDArray vector) {
        if (vector.dataType() != DataType.FLOAT) {
            throw new IllegalArgumentException("expected a FLOAT vector, got " + vector.dataType());
        }
    }

    private static ScalarType scalarType(DataType type) {
        return switch (type) {
            case FLOAT -> ScalarType.Float;
            case DOUBLE -> ScalarType.Double;
            default -> throw new IllegalArgumentException("expected FLOAT or DOUBLE, got " + type);
        };
    }
}
