package org.ballast.core.mllm;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * The order of named tensors in one flat vector: tensor i follows tensor i-1 without a gap, each in row-major order. The vector is what
 * a trainer updates and averages; {@link #view} gives the tensors back without a copy.
 */
public final class ParameterLayout implements Serializable {
    private static final long serialVersionUID = 1L;

    private final List<NamedShape> tensors;
    private final Map<String, Long> offsets = new LinkedHashMap<>();
    private final long size;

    public ParameterLayout(List<NamedShape> tensors) {
        this.tensors = new ArrayList<>(tensors);
        long at = 0;
        for (NamedShape tensor : tensors) {
            if (offsets.put(tensor.name(), at) != null) {
                throw new IllegalArgumentException("tensor " + tensor.name() + " stands twice in the layout");
            }
            at = Math.addExact(at, tensor.elements());
        }
        this.size = at;
    }

    /** Elements of the flat vector. */
    public long size() {
        return size;
    }

    public List<NamedShape> tensors() {
        return List.copyOf(tensors);
    }

    public boolean contains(String name) {
        return offsets.containsKey(name);
    }

    /** First element of a tensor in the flat vector. */
    public long offset(String name) {
        Long offset = offsets.get(name);
        if (offset == null) {
            throw new IllegalArgumentException("tensor " + name + " is not in the layout");
        }
        return offset;
    }

    /** The tensor's place in a flat vector {@code [size()]}, in its own shape. */
    public Tensor view(Tensor flat, NamedShape tensor) {
        return flat.narrow(0, offset(tensor.name()), tensor.elements()).view(tensor.shape()); // shape of the tensor
    }
}
