package org.ballast.spark.adapter;

import org.apache.spark.util.DoubleAccumulator;
import org.ballast.core.drift.AdapterNetwork;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.spark.api.TrainingHook;
import org.nd4j.linalg.dataset.api.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/** Adds each minibatch's loss, without regularisation, to an accumulator: a task that runs twice counts twice. */
final class LossHook implements TrainingHook {
    private final DoubleAccumulator losses;

    LossHook(DoubleAccumulator losses) {
        this.losses = losses;
    }

    @Override
    public void postUpdate(DataSet minibatch, Model model) {
        losses.add(AdapterNetwork.head((MultiLayerNetwork) model).lastLoss());
    }

    @Override
    public void preUpdate(DataSet minibatch, Model model) {}

    @Override
    public void preUpdate(MultiDataSet minibatch, Model model) {}

    @Override
    public void postUpdate(MultiDataSet minibatch, Model model) {}
}
