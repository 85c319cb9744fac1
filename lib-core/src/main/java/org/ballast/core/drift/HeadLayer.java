package org.ballast.core.drift;

import java.util.Collection;
import java.util.Map;
import org.ballast.core.data.ItemRandom;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.conf.memory.LayerMemoryReport;
import org.deeplearning4j.nn.conf.memory.MemoryReport;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;

/**
 * Configuration of a classification head, the last layer of a {@code MultiLayerNetwork}: class weights W
 * {@code [classes, d]}, at most one more parameter, softmax cross-entropy against one-hot labels. A subclass states how
 * features become logits z. With {@link #getTau() tau} and class counts the loss is logit-adjusted (Menon et al. 2021):
 * cross-entropy on z + tau log prior; predictions use z.
 *
 * <p>It survives DL4J's JSON and Java serialisation, which dl4j-spark and the model files need.
 */
public abstract class HeadLayer extends FeedForwardLayer {
    /** Key of the class weights. */
    public static final String WEIGHTS = "W";

    private double tau;
    private double[] logPrior = new double[0];

    /** For deserialisation. */
    protected HeadLayer() {}

    protected HeadLayer(long features, long classes) {
        if (features < 1 || classes < 1) {
            throw new IllegalArgumentException("a head of " + features + " features and " + classes + " classes");
        }
        setLayerName("head");
        setNIn(features);
        setNOut(classes);
    }

    /** The parameter beside the class weights: its key, or null where there is none. */
    abstract String extraKey();

    /** Number of values of the extra parameter, 0 where there is none. */
    abstract long extraLength();

    /** What the extra parameter starts at. */
    abstract double extraStart();

    /**
     * Features to logits.
     *
     * @param hidden {@code [batch, d]}
     */
    abstract Forward forward(Map<String, INDArray> parameters, INDArray hidden);

    /** One pass forward, able to go back. */
    interface Forward {
        /** z, {@code [batch, classes]}. */
        INDArray logits();

        /** The similarity that the head is made of, {@code [batch, classes]}; the logits for a linear head. */
        INDArray similarity();

        /**
         * Writes the parameters' gradients into {@code gradients} and gives the features' gradient.
         *
         * @param dLogits d loss / d z {@code [batch, classes]}; may be overwritten
         * @return {@code [batch, d]}
         */
        INDArray backward(INDArray dLogits, Map<String, INDArray> gradients);
    }

    /**
     * Turns logit adjustment on.
     *
     * @param strength tau; 0 turns it off, 1 is the Bayes-consistent value
     * @param trainCounts training samples by class; a class without any counts as half a sample
     * @throws IllegalArgumentException if tau is negative or the counts do not fit the classes
     */
    public void adjustLogits(double strength, int[] trainCounts) {
        if (!(strength >= 0 && Double.isFinite(strength)) || trainCounts.length != getNOut()) {
            throw new IllegalArgumentException(
                    "tau " + strength + " with counts of " + trainCounts.length + " classes, head has " + getNOut());
        }
        double total = 0;
        for (int count : trainCounts) {
            total += Math.max(count, 0.5);
        }
        double[] prior = new double[trainCounts.length];
        for (int k = 0; k < prior.length; k++) {
            prior[k] = Math.log(Math.max(trainCounts[k], 0.5) / total);
        }
        tau = strength;
        logPrior = prior;
    }

    @Override
    public Layer instantiate(
            NeuralNetConfiguration configuration,
            Collection<TrainingListener> listeners,
            int index,
            INDArray parameters,
            boolean initialise,
            DataType type) {
        SoftmaxHead head = new SoftmaxHead(configuration, type);
        head.setListeners(listeners);
        head.setIndex(index);
        head.setParamsViewArray(parameters);
        head.setParamTable(initializer().init(configuration, parameters, initialise));
        head.setConf(configuration);
        return head;
    }

    @Override
    public ParamInitializer initializer() {
        return HeadParameters.INSTANCE;
    }

    @Override
    public InputType getOutputType(int index, InputType input) {
        return InputType.feedForward(getNOut());
    }

    @Override
    public LayerMemoryReport getMemoryReport(InputType input) {
        long parameters = HeadParameters.INSTANCE.numParams(this);
        IUpdater updater = getIUpdater();
        return new LayerMemoryReport.Builder(getLayerName(), getClass(), input, getOutputType(-1, input))
                .standardMemory(parameters, updater == null ? 0 : updater.stateSize(parameters))
                .workingMemory(0, getNIn() + 2 * getNOut(), getNIn(), getNIn() + 3 * getNOut())
                .cacheMemory(MemoryReport.CACHE_MODE_ALL_ZEROS, MemoryReport.CACHE_MODE_ALL_ZEROS)
                .build();
    }

    /** Class weights from N(0, 1/d), the extra parameter at its start; seeded by the network's seed alone. */
    void initialise(long seed, Map<String, INDArray> parameters) {
        var random = ItemRandom.of(seed, "init", getLayerName(), 0);
        INDArray weights = parameters.get(WEIGHTS); // [classes, d]
        double[] values = new double[Math.toIntExact(weights.length())];
        double deviation = 1 / Math.sqrt((double) getNIn());
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextGaussian() * deviation;
        }
        FlatCopy.into(weights, values);
        if (extraKey() != null) {
            parameters.get(extraKey()).assign(extraStart());
        }
    }

    public double getTau() {
        return tau;
    }

    public void setTau(double tau) {
        this.tau = tau;
    }

    /** log(n_k / N) by class; empty without logit adjustment. */
    public double[] getLogPrior() {
        return logPrior.clone();
    }

    public void setLogPrior(double[] logPrior) {
        this.logPrior = logPrior.clone();
    }
}
