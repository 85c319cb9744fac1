package org.ballast.spark.train;

import java.util.List;
import org.ballast.core.mllm.Objective;
import org.ballast.core.mllm.ObjectiveValue;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.deeplearning4j.nn.api.layers.IOutputLayer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.BaseLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;

/**
 * The running {@link ObjectiveLayer}: {@link #bind} it to an objective and a batch, then let DL4J fit. The objective
 * reads DL4J's parameter view and writes the mean gradient into DL4J's gradient view, both without a copy.
 */
public final class ObjectiveLayerRuntime extends BaseLayer<ObjectiveLayer> implements IOutputLayer {
    private transient Call call;
    private transient ObjectiveValue value;

    /** An objective with its batch, so that both share the example type. */
    private interface Call {
        ObjectiveValue evaluate(Tensor theta, Tensor gradientOrNull);
    }

    ObjectiveLayerRuntime(NeuralNetConfiguration conf, DataType type) {
        super(conf, type);
    }

    /**
     * Sets what the next passes compute; holds until the next {@code bind} or {@link #unbind}.
     *
     * @throws IllegalArgumentException if the objective has another number of parameters than the layer
     */
    public <E> void bind(Objective<E> objective, List<E> batch) {
        bind(objective, batch, 0);
    }

    /** {@link #bind(Objective, List)} at a step of a training. */
    public <E> void bind(Objective<E> objective, List<E> batch, long step) {
        if (objective.parameterCount() != layerConf().parameterCount()) {
            throw new IllegalArgumentException("objective has " + objective.parameterCount() + " parameters, layer "
                    + layerConf().parameterCount());
        }
        call = (theta, gradient) -> objective.evaluateAt(step, theta, gradient, batch);
        value = null;
    }

    /** Forgets objective and batch; {@link #value()} stays. */
    public void unbind() {
        call = null;
    }

    /** What the last pass measured; null before it. */
    public ObjectiveValue value() {
        return value;
    }

    private ObjectiveValue evaluate(INDArray gradientOrNull) {
        if (call == null) {
            throw new IllegalStateException("no objective is bound to the layer: call bind(objective, batch) first");
        }
        try (var scope = new PointerScope()) {
            Tensor theta = NativeView.tensor(paramsFlattened); // [parameters]
            Tensor gradient = gradientOrNull == null ? null : NativeView.tensor(gradientOrNull); // [parameters]
            return call.evaluate(theta, gradient);
        }
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr workspaces) {
        value = evaluate(gradientsFlattened);
        Gradient result = new DefaultGradient(gradientsFlattened);
        result.gradientForVariable().put(ObjectiveLayer.THETA, gradientViews.get(ObjectiveLayer.THETA));
        INDArray down = workspaces.create(ArrayType.ACTIVATION_GRAD, dataType, input.shape(), 'c');
        return new Pair<>(result, down);
    }

    @Override
    public void computeGradientAndScore(LayerWorkspaceMgr workspaces) {
        gradient = backpropGradient(null, workspaces).getFirst();
        computeScore(0, true, workspaces);
    }

    @Override
    public double computeScore(double regularization, boolean training, LayerWorkspaceMgr workspaces) {
        // a training pass has the loss from its backward pass already
        if (!training || value == null) {
            value = evaluate(null);
        }
        score = value.loss() + regularization;
        return score;
    }

    /** The score is the objective's loss alone: decoupled weight decay is no part of a loss. */
    @Override
    public double calcRegularizationScore(boolean backpropOnlyParams) {
        return 0;
    }

    /** The objective's gradient is a mean already. */
    @Override
    public boolean updaterDivideByMinibatch(String parameter) {
        return false;
    }

    @Override
    public boolean isPretrainLayer() {
        return false;
    }

    @Override
    public Pair<Gradient, Double> gradientAndScore() {
        return new Pair<>(gradient, score);
    }

    @Override
    public boolean needsLabels() {
        return false;
    }

    @Override
    public void setLabels(INDArray labels) {}

    @Override
    public INDArray getLabels() {
        return null;
    }

    @Override
    public INDArray activate(boolean training, LayerWorkspaceMgr workspaces) {
        throw noClassifier();
    }

    @Override
    public INDArray computeScoreForExamples(double regularization, LayerWorkspaceMgr workspaces) {
        throw noClassifier();
    }

    @Override
    public double f1Score(DataSet data) {
        throw noClassifier();
    }

    @Override
    public double f1Score(INDArray examples, INDArray labels) {
        throw noClassifier();
    }

    @Override
    public int numLabels() {
        throw noClassifier();
    }

    @Override
    public void fit(DataSetIterator data) {
        throw noClassifier();
    }

    @Override
    public int[] predict(INDArray examples) {
        throw noClassifier();
    }

    @Override
    public List<String> predict(DataSet data) {
        throw noClassifier();
    }

    @Override
    public void fit(INDArray examples, INDArray labels) {
        throw noClassifier();
    }

    @Override
    public void fit(DataSet data) {
        throw noClassifier();
    }

    @Override
    public void fit(INDArray examples, int[] labels) {
        throw noClassifier();
    }

    private static UnsupportedOperationException noClassifier() {
        return new UnsupportedOperationException("an objective layer has a batch loss only; it is no classifier");
    }
}
