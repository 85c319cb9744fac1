package org.ballast.spark.train;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import org.ballast.core.data.ItemRandom;

/** One row of a made-up regression: four inputs, one output. */
record Point(String id, double[] x, double y) implements Serializable {
    static List<Point> some(int count, long seed) {
        List<Point> points = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            var random = ItemRandom.of(seed, "points", "point-" + i, 0);
            double[] x = random.doubles(4, -1, 1).toArray();
            points.add(new Point("point-" + i, x, Math.sin(2 * x[0]) + x[1] * x[2] - 0.5 * x[3]));
        }
        return points;
    }
}
