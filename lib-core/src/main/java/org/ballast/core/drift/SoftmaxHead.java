package org.ballast.core.drift;

import java.util.Arrays;
import java.util.List;
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
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * The running layer of every {@link HeadLayer}: softmax cross-entropy against one-hot labels {@code [batch, classes]}.
 * As everywhere in DL4J the gradients are sums over the batch, which DL4J divides by its size, and the score is the mean.
 */
public final class SoftmaxHead extends BaseLayer<HeadLayer> implements IOutputLayer {
    private INDArray labels;
    /** Mean loss of the last pass back, for the score that DL4J asks for right after it. */
    private double passLoss = Double.NaN;

    private double lastLoss = Double.NaN;

    SoftmaxHead(NeuralNetConfiguration configuration, DataType type) {
        super(configuration, type);
    }

    /** z for features behind the neck, {@code [batch, d]} to {@code [batch, classes]}. */
    public INDArray logits(INDArray hidden) {
        return layerConf().forward(params, hidden).logits();
    }

    /** tSP or cosine for features behind the neck, {@code [batch, d]} to {@code [batch, classes]}; logits if linear. */
    public INDArray similarity(INDArray hidden) {
        return layerConf().forward(params, hidden).similarity();
    }

    /** Cosines of features behind the neck and class weights, {@code [batch, d]} to {@code [batch, classes]}. */
    public INDArray cosine(INDArray hidden) {
        return CosineForward.of(hidden, params.get(HeadLayer.WEIGHTS)).cosine();
    }

    /** Mean cross-entropy of the last minibatch that this layer trained on, without regularisation; NaN before. */
    public double lastLoss() {
        return lastLoss;
    }

    /** Probabilities and losses of a batch. */
    private record Softmax(INDArray probabilities, INDArray losses) {
        static Softmax of(INDArray adjusted, INDArray labels) { // [batch, classes] both; the first is overwritten
            INDArray shifted = adjusted.subiColumnVector(adjusted.max(true, 1)); // [batch, classes], <= 0
            INDArray atLabel = shifted.mul(labels).sum(true, 1); // [batch, 1]
            INDArray probabilities = Transforms.exp(shifted, false); // [batch, classes]
            INDArray sum = probabilities.sum(true, 1); // [batch, 1]
            probabilities.diviColumnVector(sum);
            return new Softmax(probabilities, Transforms.log(sum, false).subi(atLabel)); // losses [batch, 1]
        }
    }

    private INDArray adjusted(INDArray logits) {
        HeadLayer head = layerConf();
        if (head.getTau() == 0) {
            return logits.dup();
        }
        INDArray prior = Nd4j.createFromArray(head.getLogPrior()).castTo(logits.dataType());
        return logits.addRowVector(prior.reshape(1, prior.length()).muli(head.getTau())); // [batch, classes]
    }

    private Softmax softmax(INDArray logits) {
        if (input == null || labels == null) {
            throw new IllegalStateException("the head has no " + (input == null ? "input" : "labels"));
        }
        if (labels.rank() != 2
                || labels.size(0) != input.size(0)
                || labels.size(1) != layerConf().getNOut()) {
            throw new IllegalArgumentException("labels of shape " + Arrays.toString(labels.shape()) + " for "
                    + input.size(0) + " rows and " + layerConf().getNOut() + " classes");
        }
        return Softmax.of(adjusted(logits), labels.castTo(logits.dataType()));
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr workspaces) {
        HeadLayer.Forward forward = layerConf().forward(params, input);
        Softmax softmax = softmax(forward.logits());
        passLoss = softmax.losses().meanNumber().doubleValue();
        lastLoss = passLoss;
        INDArray dLogits = softmax.probabilities().subi(labels.castTo(dataType)); // [batch, classes]
        INDArray dInput = forward.backward(dLogits, gradientViews); // [batch, d]
        Gradient gradients = new DefaultGradient(gradientsFlattened);
        gradientViews.forEach((key, view) -> gradients.gradientForVariable().put(key, view));
        return new Pair<>(gradients, workspaces.leverageTo(ArrayType.ACTIVATION_GRAD, dInput));
    }

    @Override
    public INDArray activate(boolean training, LayerWorkspaceMgr workspaces) {
        assertInputSet(false);
        INDArray logits = logits(input); // [batch, classes]
        INDArray shifted = logits.subColumnVector(logits.max(true, 1));
        INDArray probabilities = Transforms.exp(shifted, false);
        probabilities.diviColumnVector(probabilities.sum(true, 1));
        return workspaces.leverageTo(ArrayType.ACTIVATIONS, probabilities);
    }

    @Override
    public double computeScore(double regularisation, boolean training, LayerWorkspaceMgr workspaces) {
        double loss = passLoss;
        if (!training || Double.isNaN(loss)) {
            loss = softmax(logits(input)).losses().meanNumber().doubleValue();
        }
        passLoss = Double.NaN;
        score = loss + regularisation;
        return score;
    }

    @Override
    public INDArray computeScoreForExamples(double regularisation, LayerWorkspaceMgr workspaces) {
        INDArray losses = softmax(logits(input)).losses().addi(regularisation); // [batch, 1]
        return workspaces.leverageTo(ArrayType.ACTIVATIONS, losses);
    }

    @Override
    public void computeGradientAndScore(LayerWorkspaceMgr workspaces) {
        gradient = backpropGradient(null, workspaces).getFirst();
        computeScore(0, true, workspaces);
    }

    @Override
    public Pair<Gradient, Double> gradientAndScore() {
        return new Pair<>(gradient, score);
    }

    @Override
    public boolean needsLabels() {
        return true;
    }

    @Override
    public void setLabels(INDArray labels) {
        this.labels = labels;
    }

    @Override
    public INDArray getLabels() {
        return labels;
    }

    @Override
    public int numLabels() {
        return Math.toIntExact(layerConf().getNOut());
    }

    @Override
    public boolean isPretrainLayer() {
        return false;
    }

    @Override
    public void clear() {
        super.clear();
        labels = null;
        passLoss = Double.NaN;
    }

    @Override
    public int[] predict(INDArray hidden) {
        return logits(hidden).argMax(1).toIntVector();
    }

    private static UnsupportedOperationException trainedByItsNetwork() {
        return new UnsupportedOperationException("a head is trained and scored by the network that it ends");
    }

    @Override
    public double f1Score(DataSet data) {
        throw trainedByItsNetwork();
    }

    @Override
    public double f1Score(INDArray examples, INDArray labels) {
        throw trainedByItsNetwork();
    }

    @Override
    public void fit(DataSetIterator data) {
        throw trainedByItsNetwork();
    }

    @Override
    public List<String> predict(DataSet data) {
        throw trainedByItsNetwork();
    }

    @Override
    public void fit(INDArray examples, INDArray labels) {
        throw trainedByItsNetwork();
    }

    @Override
    public void fit(DataSet data) {
        throw trainedByItsNetwork();
    }

    @Override
    public void fit(INDArray examples, int[] labels) {
        throw trainedByItsNetwork();
    }
}
