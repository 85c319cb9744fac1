package org.ballast.spark.train;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.memory.LayerMemoryReport;
import org.deeplearning4j.nn.conf.memory.MemoryReport;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Configuration of an output layer with one parameter, a flat vector, whose loss and gradient come from an
 * {@code Objective}. Its features carry nothing but the size of the batch. See {@link ObjectiveLayerRuntime}.
 */
public class ObjectiveLayer extends BaseLayer {
    /** Key of the flat vector. */
    public static final String THETA = "theta";

    @JsonProperty("parameterCount")
    private final long parameterCount;

    @JsonCreator
    public ObjectiveLayer(@JsonProperty("parameterCount") long parameterCount) {
        if (parameterCount < 1) {
            throw new IllegalArgumentException("an objective needs parameters, got " + parameterCount);
        }
        this.parameterCount = parameterCount;
        this.layerName = "objective";
    }

    public long parameterCount() {
        return parameterCount;
    }

    /** What DL4J sees of a batch: one column of zeros, as features and, for DL4J counts those, as labels. */
    static DataSet ofSize(int batchSize, DataType type) {
        INDArray column = Nd4j.zeros(type, batchSize, 1);
        return new DataSet(column, column);
    }

    @Override
    public org.deeplearning4j.nn.api.Layer instantiate(
            NeuralNetConfiguration conf,
            Collection<TrainingListener> listeners,
            int index,
            INDArray parameters,
            boolean initialize,
            DataType type) {
        var layer = new ObjectiveLayerRuntime(conf, type);
        layer.setListeners(listeners);
        layer.setIndex(index);
        layer.setParamsViewArray(parameters);
        layer.setParamTable(initializer().init(conf, parameters, initialize));
        return layer;
    }

    @Override
    public ParamInitializer initializer() {
        return FlatVector.INSTANCE;
    }

    @Override
    public InputType getOutputType(int index, InputType input) {
        return InputType.feedForward(1);
    }

    @Override
    public void setNIn(InputType input, boolean override) {}

    @Override
    public InputPreProcessor getPreProcessorForInputType(InputType input) {
        return null;
    }

    @Override
    public boolean isPretrainParam(String name) {
        return false;
    }

    @Override
    public LayerMemoryReport getMemoryReport(InputType input) {
        return new LayerMemoryReport.Builder(layerName, ObjectiveLayer.class, input, input)
                .standardMemory(parameterCount, 0)
                .workingMemory(0, 0, 0, 0)
                .cacheMemory(MemoryReport.CACHE_MODE_ALL_ZEROS, MemoryReport.CACHE_MODE_ALL_ZEROS)
                .build();
    }

    /** One key, the whole view: DL4J's 'c' and 'f' orders never come up. Starts as zeros; the caller loads the vector. */
    private static final class FlatVector implements ParamInitializer {
        static final FlatVector INSTANCE = new FlatVector();

        @Override
        public long numParams(NeuralNetConfiguration conf) {
            return numParams(conf.getLayer());
        }

        @Override
        public long numParams(Layer layer) {
            return ((ObjectiveLayer) layer).parameterCount;
        }

        @Override
        public List<String> paramKeys(Layer layer) {
            return List.of(THETA);
        }

        @Override
        public List<String> weightKeys(Layer layer) {
            return List.of(THETA);
        }

        @Override
        public List<String> biasKeys(Layer layer) {
            return List.of();
        }

        @Override
        public boolean isWeightParam(Layer layer, String key) {
            return THETA.equals(key);
        }

        @Override
        public boolean isBiasParam(Layer layer, String key) {
            return false;
        }

        @Override
        public Map<String, INDArray> init(NeuralNetConfiguration conf, INDArray view, boolean initialize) {
            if (initialize) {
                view.assign(0);
            }
            conf.addVariable(THETA);
            return single(view);
        }

        @Override
        public Map<String, INDArray> getGradientsFromFlattened(NeuralNetConfiguration conf, INDArray view) {
            return single(view);
        }

        private static Map<String, INDArray> single(INDArray view) {
            // DL4J puts into the map it is given
            Map<String, INDArray> map = new LinkedHashMap<>();
            map.put(THETA, view);
            return map;
        }
    }
}
