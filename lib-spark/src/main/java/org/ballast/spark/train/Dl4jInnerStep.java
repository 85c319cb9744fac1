package org.ballast.spark.train;

import java.util.List;
import org.ballast.core.mllm.Objective;
import org.ballast.core.mllm.ObjectiveValue;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.updater.MultiLayerUpdater;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The replica on a CPU: libtorch computes the gradient, DL4J clips it and moves the parameters, all in DL4J's arrays. */
public final class Dl4jInnerStep<E> implements InnerStep<E> {
    private final Objective<E> objective;
    private final MultiLayerNetwork network;
    private final ObjectiveLayerRuntime layer;
    /** Null where the updater keeps no state (SGD). */
    private final INDArray updaterState;

    /** The objective stays the caller's to close. */
    public Dl4jInnerStep(Objective<E> objective, OptimizerSettings optimizer) {
        long count = objective.parameterCount();
        this.objective = objective;
        this.network = new MultiLayerNetwork(optimizer.network(count, DataType.FLOAT));
        network.init();
        this.layer = (ObjectiveLayerRuntime) network.getOutputLayer();
        this.updaterState =
                optimizer.stateSlots() == 0 ? null : Nd4j.zeros(DataType.FLOAT, optimizer.stateSlots() * count);
        if (updaterState != null) {
            network.setUpdater(new MultiLayerUpdater(network, updaterState));
        }
    }

    @Override
    public void load(float[] theta, float[] state, long iteration) {
        NativeView.copy(theta, network.params());
        if (updaterState == null) {
            if (state.length > 0) {
                throw new IllegalArgumentException("the updater keeps no state, got " + state.length + " values");
            }
        } else if (state.length == 0) {
            updaterState.assign(0);
        } else {
            NativeView.copy(state, updaterState);
        }
        network.getLayerWiseConfigurations().setIterationCount(Math.toIntExact(iteration));
    }

    @Override
    public ObjectiveValue step(List<E> batch) {
        layer.bind(objective, batch, network.getLayerWiseConfigurations().getIterationCount());
        try {
            network.fit(ObjectiveLayer.ofSize(batch.size(), DataType.FLOAT));
            return layer.value();
        } finally {
            layer.unbind();
        }
    }

    @Override
    public float[] theta() {
        return NativeView.toFloats(network.params());
    }

    @Override
    public float[] updaterState() {
        return updaterState == null ? new float[0] : NativeView.toFloats(updaterState);
    }

    @Override
    public void close() {
        network.close();
    }
}
