package org.ballast.spark.units;

import java.io.Serializable;

/** Rows are sorted by unit, then key. */
record UnitKey(int unit, String key) implements Comparable<UnitKey>, Serializable {
    @Override
    public int compareTo(UnitKey other) {
        return unit != other.unit ? Integer.compare(unit, other.unit) : key.compareTo(other.key);
    }
}
