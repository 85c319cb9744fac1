package org.ballast.core.drift;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A trained adapter with what it needs to read raw features. On disk a folder: {@code network.zip} (DL4J's model file)
 * and {@code adapter.json} (head and scaling).
 */
public record AdapterModel(HeadSettings head, FeatureScaling scaling, MultiLayerNetwork network) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String NETWORK = "network.zip";
    private static final String DESCRIPTION = "adapter.json";

    /** The part of a model that is not the network. */
    private record Description(HeadSettings head, FeatureScaling scaling) {}

    /** Predictions of a batch of samples, in order; width of the features as trained. */
    public List<AdapterPrediction> predict(List<LabelledFeatures> samples) {
        if (samples.isEmpty()) {
            return List.of();
        }
        float[][] rows =
                samples.stream().map(sample -> scaling.apply(sample.features())).toArray(float[][]::new);
        INDArray input = Nd4j.createFromArray(rows); // [batch, d]
        int neckEnd = network.getnLayers() - 2;
        INDArray hidden = network.feedForwardToLayer(neckEnd, input).get(neckEnd + 1); // [batch, d]
        SoftmaxHead last = AdapterNetwork.head(network);
        double[][] logits = last.logits(hidden).toDoubleMatrix(); // [batch, classes]
        double[][] cosine = last.cosine(hidden).toDoubleMatrix(); // [batch, classes]
        TspSimilarity similarity = new TspSimilarity(head.kappa());
        List<AdapterPrediction> predictions = new ArrayList<>(rows.length);
        for (int i = 0; i < rows.length; i++) {
            Map<OodScore, Double> confidence = new EnumMap<>(OodScore.class);
            for (OodScore score : OodScore.values()) {
                confidence.put(score, score.confidence(logits[i], cosine[i], similarity));
            }
            LabelledFeatures sample = samples.get(i);
            predictions.add(
                    new AdapterPrediction(sample.id(), sample.label(), argMax(logits[i]), logits[i], confidence));
        }
        return predictions;
    }

    private static int argMax(double[] values) {
        int best = 0;
        for (int k = 1; k < values.length; k++) {
            best = values[k] > values[best] ? k : best;
        }
        return best;
    }

    /** s of a tSP head or the scale of a cosine head; null for a linear head. */
    public Double scale() {
        double scale = AdapterNetwork.scale(network);
        return Double.isNaN(scale) ? null : scale;
    }

    /** Writes the folder, over an earlier one of the same name. */
    public void save(Path folder) throws IOException {
        Files.createDirectories(folder);
        Files.write(folder.resolve(NETWORK), networkBytes());
        Files.write(
                folder.resolve(DESCRIPTION),
                JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(new Description(head, scaling)));
    }

    /** Reads a folder that {@link #save} wrote. */
    public static AdapterModel load(Path folder) throws IOException {
        Description description = JSON.readValue(folder.resolve(DESCRIPTION).toFile(), Description.class);
        return of(description.head(), description.scaling(), Files.readAllBytes(folder.resolve(NETWORK)));
    }

    /** The network as DL4J's model file, with the updater's state. */
    public byte[] networkBytes() {
        try {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            ModelSerializer.writeModel(network, bytes, true);
            return bytes.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A model from {@link #networkBytes}. */
    public static AdapterModel of(HeadSettings head, FeatureScaling scaling, byte[] networkBytes) {
        try {
            return new AdapterModel(
                    head,
                    scaling,
                    ModelSerializer.restoreMultiLayerNetwork(new ByteArrayInputStream(networkBytes), true));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
