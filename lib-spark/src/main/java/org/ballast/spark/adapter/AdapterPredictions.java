package org.ballast.spark.adapter;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.ballast.core.drift.AdapterModel;
import org.ballast.core.drift.AdapterPrediction;
import org.ballast.core.drift.FeatureScaling;
import org.ballast.core.drift.HeadSettings;
import org.ballast.core.drift.LabelledFeatures;

/** Predictions of an adapter on the executors. */
public final class AdapterPredictions {
    private static final int BATCH = 512;

    private AdapterPredictions() {}

    /** Logits, class and scores of every row, in the rows' order. */
    public static JavaRDD<AdapterPrediction> of(
            JavaSparkContext spark, AdapterModel model, JavaRDD<LabelledFeatures> rows) {
        Broadcast<byte[]> network = spark.broadcast(model.networkBytes());
        HeadSettings head = model.head();
        FeatureScaling scaling = model.scaling();
        return rows.mapPartitions(it -> new Batches(AdapterModel.of(head, scaling, network.value()), it));
    }

    /** Reads rows batch by batch, so that a partition need not fit into memory. */
    private static final class Batches implements Iterator<AdapterPrediction> {
        private final AdapterModel model;
        private final Iterator<LabelledFeatures> rows;
        private Iterator<AdapterPrediction> batch = List.<AdapterPrediction>of().iterator();

        Batches(AdapterModel model, Iterator<LabelledFeatures> rows) {
            this.model = model;
            this.rows = rows;
        }

        @Override
        public boolean hasNext() {
            return batch.hasNext() || rows.hasNext();
        }

        @Override
        public AdapterPrediction next() {
            if (!batch.hasNext()) {
                List<LabelledFeatures> next = new ArrayList<>(BATCH);
                while (next.size() < BATCH && rows.hasNext()) {
                    next.add(rows.next());
                }
                batch = model.predict(next).iterator();
            }
            return batch.next();
        }
    }
}
