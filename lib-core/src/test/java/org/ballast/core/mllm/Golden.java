package org.ballast.core.mllm;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** The reference values of the small LLaVA under {@code goldens/mllm-a}. */
final class Golden {
    private Golden() {}

    static Path path(String name) {
        try {
            return Path.of(Golden.class.getResource("/goldens/mllm-a").toURI())
                    .resolve(name)
                    .normalize();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    static JsonNode json(String name) {
        try {
            return new ObjectMapper().readTree(path(name).toFile());
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    static SafeTensors tensors(String name) {
        return SafeTensors.open(path(name));
    }

    static float[] pixels(JsonNode name) {
        if (name.isNull()) {
            return null;
        }
        try (SafeTensors pictures = tensors("preprocessing.safetensors")) {
            return floats(pictures.tensor(name.asText()));
        }
    }

    static int[] ids(JsonNode array) {
        int[] out = new int[array.size()];
        for (int i = 0; i < out.length; i++) {
            out[i] = array.get(i).asInt();
        }
        return out;
    }

    /** Token ids of a prompt of {@code forward.json}, image tokens repeated. */
    static int[] prompt(String name) {
        try (SafeTensors forward = tensors("forward.safetensors")) {
            float[] ids = floats(forward.tensor(name + ".input_ids"));
            int[] out = new int[ids.length];
            for (int i = 0; i < out.length; i++) {
                out[i] = (int) ids[i];
            }
            return out;
        }
    }

    /** Logits behind a prompt: {@code [vocab]}. */
    static float[] nextLogits(LlavaModel model, LoraAdapter adapterOrNull, Decoder.Prompt prompt) {
        try (Decoder decoder = new Decoder(model, adapterOrNull);
                KeyValueCache cache = decoder.cache(1, 0);
                Logits logits = decoder.prefill(List.of(prompt), cache)) {
            return logits.row(0);
        }
    }

    static float[] floats(Tensor t) {
        Tensor plain = t.detach().to(ScalarType.Float).contiguous();
        float[] out = new float[(int) plain.numel()];
        new org.bytedeco.javacpp.FloatPointer(plain.data_ptr()).get(out);
        return out;
    }

    static double[] doubles(Tensor t) {
        Tensor plain = t.detach().to(ScalarType.Double).contiguous();
        double[] out = new double[(int) plain.numel()];
        new org.bytedeco.javacpp.DoublePointer(plain.data_ptr()).get(out);
        return out;
    }

    static double largestDifference(Tensor a, Tensor b) {
        assertThat(a.shape()).isEqualTo(b.shape());
        return a.sub(b).abs().max().item_double();
    }

    /** Frobenius norm of the difference over that of the reference. */
    static double relativeDifference(Tensor actual, Tensor reference) {
        assertThat(actual.shape()).isEqualTo(reference.shape());
        return actual.sub(reference).norm().item_double() / reference.norm().item_double();
    }
}
