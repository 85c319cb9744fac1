package org.ballast.core.mllm;

import static org.bytedeco.pytorch.global.torch.log_softmax;
import static org.bytedeco.pytorch.global.torch.zeros;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;

/** Rows whose responses are predicted: the tokens that are fed in and the targets, one after the other. */
final class ResponseBatch {
    private final LlavaModel model;
    private final List<TokenBatch.Row> rows = new ArrayList<>();
    private final List<float[]> images = new ArrayList<>();
    private final Map<FloatBuffer, Integer> imageIndex = new HashMap<>();
    private final List<int[]> responses = new ArrayList<>();

    ResponseBatch(LlavaModel model) {
        this.model = model;
    }

    /** @return the picture's index for {@link #add}, the same for equal pictures; -1 for null */
    int addImage(float[] pixels) {
        if (pixels == null) {
            return -1;
        }
        return imageIndex.computeIfAbsent(FloatBuffer.wrap(pixels), p -> {
            images.add(pixels);
            return images.size() - 1;
        });
    }

    void add(String id, int image, int[] prompt, int[] response) {
        for (int token : response) {
            // an image token is no word: fed back in, it would ask for features that do not exist
            if (token < 0
                    || token >= model.config().text().vocabSize()
                    || token == model.config().imageTokenId()) {
                throw new IllegalArgumentException("row " + id + ": response token " + token + " is "
                        + (token == model.config().imageTokenId() ? "the image token" : "outside the vocabulary"));
            }
        }
        rows.add(TokenBatch.Row.response(id, image, prompt, response));
        responses.add(response);
    }

    int[] responseLengths() {
        return responses.stream().mapToInt(r -> r.length).toArray();
    }

    /** {@code [response tokens of the batch, vocab]}. */
    Tensor logits(Weights weights) {
        return model.logits(weights, new TokenBatch(model.config(), rows, images));
    }

    /** {@code [response tokens of the batch]}, int64. */
    Tensor targets() {
        int total = Arrays.stream(responseLengths()).sum();
        long[] out = new long[total];
        int n = 0;
        for (int[] response : responses) {
            for (int token : response) {
                out[n++] = token;
            }
        }
        return Tensor.create(out, total);
    }

    /** Natural log-probability of every response token, row after row: {@code [response tokens of the batch]}. */
    Tensor tokenLogProbs(Weights weights) {
        Tensor logProbs = log_softmax(logits(weights), -1); // [tokens, vocab]
        return logProbs.gather(1, targets().unsqueeze(1)).squeeze(1); // [tokens]
    }

    /** Log-probability of every response, summed over its tokens: {@code [rows]}. */
    Tensor logProbs(Weights weights) {
        int[] lengths = responseLengths();
        long[] owner = new long[Arrays.stream(lengths).sum()];
        int n = 0;
        for (int r = 0; r < lengths.length; r++) {
            Arrays.fill(owner, n, n + lengths[r], r);
            n += lengths[r];
        }
        Tensor sums = zeros(new long[] {lengths.length}, new TensorOptions(weights.type())); // [rows]
        return sums.index_add(0, Tensor.create(owner, owner.length), tokenLogProbs(weights));
    }
}
