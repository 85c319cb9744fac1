package org.ballast.spark.train;

import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * What a replica starts a round from and ends it with.
 *
 * @param updaterState empty where the updater keeps none, or at the start of a run
 * @param iteration optimizer steps made so far
 */
record ReplicaState(float[] theta, float[] updaterState, long iteration) {
    /** The arrays as bytes: they cross the network as they are, without a serialiser's look at each number. */
    record Packed(byte[] theta, byte[] updaterState, long iteration) implements Serializable {
        ReplicaState unpack() {
            return new ReplicaState(floats(theta), floats(updaterState), iteration);
        }
    }

    Packed pack() {
        return new Packed(bytes(theta), bytes(updaterState), iteration);
    }

    private static byte[] bytes(float[] values) {
        if (values.length > Integer.MAX_VALUE / Float.BYTES) {
            throw new IllegalArgumentException("a vector of " + values.length
                    + " numbers is too long to travel: at most " + Integer.MAX_VALUE / Float.BYTES);
        }
        byte[] bytes = new byte[Float.BYTES * values.length];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().put(values);
        return bytes;
    }

    private static float[] floats(byte[] bytes) {
        float[] values = new float[bytes.length / Float.BYTES];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
        return values;
    }
}
