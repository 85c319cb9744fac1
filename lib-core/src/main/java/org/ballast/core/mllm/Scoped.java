package org.ballast.core.mllm;

import java.util.function.Supplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/** Computes in a scope of its own, so that of all tensors on the way only those stay that the result or its graph holds. */
final class Scoped {
    private Scoped() {}

    /** The result belongs to the scope that the call stands in. */
    static Tensor result(Supplier<Tensor> computation) {
        Tensor out;
        try (PointerScope scope = new PointerScope()) {
            out = computation.get();
            out.retainReference();
        }
        PointerScope around = PointerScope.getInnerScope();
        if (around != null) {
            around.attach(out);
            out.releaseReference();
        }
        return out;
    }
}
