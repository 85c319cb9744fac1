package org.ballast.spark.adapter;

import java.util.List;
import org.ballast.core.drift.AdapterModel;
import org.ballast.core.drift.LossPoint;

/** A head trained from one seed, its training loss by round, and the seconds that it took. */
public record TrainedAdapter(AdapterModel model, long seed, List<LossPoint> lossCurve, double seconds) {
    public TrainedAdapter {
        lossCurve = List.copyOf(lossCurve);
    }
}
