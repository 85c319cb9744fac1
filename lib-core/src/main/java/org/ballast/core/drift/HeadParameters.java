package org.ballast.core.drift;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Layout of a head's parameters in DL4J's flat vector: class weights row-major, then the extra parameter. The extra one
 * counts as a bias, so weight decay leaves it alone and it may have an updater of its own.
 */
final class HeadParameters implements ParamInitializer {
    static final HeadParameters INSTANCE = new HeadParameters();

    private HeadParameters() {}

    @Override
    public long numParams(NeuralNetConfiguration configuration) {
        return numParams(configuration.getLayer());
    }

    @Override
    public long numParams(Layer layer) {
        HeadLayer head = (HeadLayer) layer;
        return head.getNIn() * head.getNOut() + head.extraLength();
    }

    @Override
    public List<String> paramKeys(Layer layer) {
        String extra = ((HeadLayer) layer).extraKey();
        return extra == null ? List.of(HeadLayer.WEIGHTS) : List.of(HeadLayer.WEIGHTS, extra);
    }

    @Override
    public List<String> weightKeys(Layer layer) {
        return List.of(HeadLayer.WEIGHTS);
    }

    @Override
    public List<String> biasKeys(Layer layer) {
        String extra = ((HeadLayer) layer).extraKey();
        return extra == null ? List.of() : List.of(extra);
    }

    @Override
    public boolean isWeightParam(Layer layer, String key) {
        return HeadLayer.WEIGHTS.equals(key);
    }

    @Override
    public boolean isBiasParam(Layer layer, String key) {
        return key.equals(((HeadLayer) layer).extraKey());
    }

    @Override
    public Map<String, INDArray> init(NeuralNetConfiguration configuration, INDArray flat, boolean initialise) {
        HeadLayer head = (HeadLayer) configuration.getLayer();
        Map<String, INDArray> parameters = views(head, flat);
        if (initialise) {
            head.initialise(configuration.getSeed(), parameters);
        }
        paramKeys(head).forEach(configuration::addVariable);
        return parameters;
    }

    @Override
    public Map<String, INDArray> getGradientsFromFlattened(NeuralNetConfiguration configuration, INDArray flat) {
        return views((HeadLayer) configuration.getLayer(), flat);
    }

    private Map<String, INDArray> views(HeadLayer head, INDArray flat) {
        if (flat.length() != numParams(head)) {
            throw new IllegalArgumentException("a head of " + numParams(head) + " parameters got " + flat.length());
        }
        INDArray vector = flat.reshape(flat.length());
        long weights = head.getNIn() * head.getNOut();
        Map<String, INDArray> views = new LinkedHashMap<>();
        views.put(
                HeadLayer.WEIGHTS,
                vector.get(NDArrayIndex.interval(0, weights)).reshape('c', head.getNOut(), head.getNIn()));
        if (head.extraKey() != null) {
            views.put(
                    head.extraKey(),
                    vector.get(NDArrayIndex.interval(weights, weights + head.extraLength()))
                            .reshape('c', 1, head.extraLength()));
        }
        return views;
    }
}
