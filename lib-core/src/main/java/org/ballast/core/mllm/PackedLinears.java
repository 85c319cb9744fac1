package org.ballast.core.mllm;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * The decoder's linears and the output projection of a frozen model, packed ({@link PackedMatrix}) where this machine has it. The copies take the memory of what is packed once
 * more, so a model beyond {@link #MOST_BYTES} stays as it is; the bound is fixed, for results must not hang on a machine's memory.
 */
final class PackedLinears implements AutoCloseable {
    private static final long MOST_BYTES = 4L << 30;

    private final Map<String, PackedMatrix> packed = new HashMap<>();

    PackedLinears(LlavaConfig config, Weights weights) {
        List<String> modules = new ArrayList<>();
        LlavaTensors.linears(config).stream()
                .map(NamedShape::name)
                .filter(name -> name.startsWith(LlavaTensors.DECODER))
                .forEach(modules::add);
        modules.add(LlavaTensors.headModule(config.text()));
        long bytes = 0;
        for (String module : modules) {
            bytes += weights.tensor(module + ".weight").nbytes();
        }
        if (bytes > MOST_BYTES) {
            return;
        }
        for (String module : modules) {
            Tensor weight = weights.tensor(module + ".weight"); // [out, in]
            if (PackedMatrix.isSupported(weight)) {
                packed.put(module, new PackedMatrix(weight));
            }
        }
    }

    /** The packed weight of a linear, or null. */
    PackedMatrix get(String module) {
        return packed.get(module);
    }

    @Override
    public void close() {
        packed.values().forEach(PackedMatrix::close);
        packed.clear();
    }
}
