package org.ballast.spark.train;

import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.updater.MultiLayerUpdater;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Parameters, updater state and iteration of any float32 DL4J network, out and in. */
final class NetworkState {
    private NetworkState() {}

    static ReplicaState of(MultiLayerNetwork network) {
        INDArray updaterState = network.getUpdater().getStateViewArray();
        return new ReplicaState(
                NativeView.toFloats(network.params()),
                updaterState == null ? new float[0] : NativeView.toFloats(updaterState),
                network.getLayerWiseConfigurations().getIterationCount());
    }

    static void put(ReplicaState state, MultiLayerNetwork network) {
        NativeView.copy(state.theta(), network.params());
        network.getLayerWiseConfigurations().setIterationCount(Math.toIntExact(state.iteration()));
        if (state.updaterState().length > 0) {
            // handed over at construction, for an updater wipes a state it thinks is new
            network.setUpdater(new MultiLayerUpdater(network, Nd4j.createFromArray(state.updaterState())));
        }
    }
}
