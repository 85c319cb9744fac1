package org.ballast.core.mllm;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;

/**
 * The layers of a pass forward and backward: as one graph, or with the input of each layer kept and the layer computed again when its gradient is due, so that one
 * layer's graph exists at a time.
 */
final class LayerGradients {
    private final int layers;
    private final PackedDecoder.Pass pass;
    private final boolean checkpoints;
    private final List<Tensor> inputs = new ArrayList<>();
    private Tensor output;

    LayerGradients(int layers, PackedDecoder.Pass pass, boolean checkpoints) {
        this.layers = layers;
        this.pass = pass;
        this.checkpoints = checkpoints;
    }

    /** Embeddings {@code [tokens, hidden]} to the asked hidden states {@code [askers, hidden]}. */
    Tensor forward(Tensor embeddings) {
        if (!checkpoints) {
            output = pass.hidden(embeddings); // [askers, d]
            return output;
        }
        try (NoGradGuard noGrad = new NoGradGuard()) {
            Tensor x = embeddings;
            for (int i = 0; i < layers; i++) {
                inputs.add(x);
                x = pass.layer(i, x);
            }
            return x; // [askers, d]
        }
    }

    /** @param gradient of {@link #forward}'s result, {@code [askers, hidden]} */
    void backward(Tensor gradient) {
        if (!checkpoints) {
            run(output, gradient);
            return;
        }
        Tensor dy = gradient;
        for (int i = layers - 1; i >= 0 && dy != null; i--) {
            int layer = i;
            Tensor above = dy;
            // behind the embeddings nothing learns unless they do themselves
            boolean onward = i > 0 || inputs.get(0).requires_grad();
            Tensor leaf = inputs.get(i).detach(); // [tokens, d]
            leaf.set_requires_grad(onward);
            try (PointerScope scope = new PointerScope()) {
                run(pass.layer(layer, leaf), above);
            }
            dy = onward ? leaf.grad() : null; // [tokens, d]
        }
        if (dy != null) {
            run(inputs.get(0), dy);
        }
    }

    private static void run(Tensor y, Tensor gradient) {
        if (y.requires_grad()) {
            ResponsePass.backward(y, gradient);
        }
    }
}
