package org.ballast.spark.negative;

import java.io.Serializable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.SparkContext;
import org.apache.spark.util.LongAccumulator;
import org.ballast.core.mllm.generate.GenerationOptions;
import org.ballast.core.response.ResponseModel;
import org.ballast.core.response.ResponseRequest;

/** How long the models worked, by policy, over all tasks of this run: tasks side by side count each. */
final class ModelTimes implements Serializable {
    private static final long serialVersionUID = 1L;

    private final Map<String, LongAccumulator> nanos = new LinkedHashMap<>();
    private final Map<String, LongAccumulator> tokens = new LinkedHashMap<>();

    ModelTimes(SparkContext context, List<Policy> policies) {
        for (Policy policy : policies) {
            nanos.put(policy.name(), context.longAccumulator("nanoseconds of " + policy.name()));
            tokens.put(policy.name(), context.longAccumulator("tokens of " + policy.name()));
        }
    }

    /** The model under a clock. */
    ResponseModel of(String policy, ResponseModel model) {
        return new ResponseModel() {
            @Override
            public List<Outcome> respond(List<ResponseRequest> requests, GenerationOptions options) {
                long start = System.nanoTime();
                List<Outcome> outcomes = model.respond(requests, options);
                add(nanos.get(policy), System.nanoTime() - start);
                long written = 0;
                for (Outcome outcome : outcomes) {
                    written += outcome instanceof Reply reply ? reply.completionTokens() : 0;
                }
                add(tokens.get(policy), written);
                return outcomes;
            }

            @Override
            public void close() {
                model.close();
            }
        };
    }

    /** Units of one task may end at the same time. */
    private static void add(LongAccumulator sum, long value) {
        synchronized (sum) {
            sum.add(value);
        }
    }

    /** {@code model-seconds.<policy>} and {@code tokens-per-second.<policy>} of the policies for which a model worked. */
    Map<String, Double> figures() {
        Map<String, Double> figures = new TreeMap<>();
        nanos.forEach((policy, sum) -> {
            double seconds = sum.value() / 1e9;
            if (seconds > 0) {
                figures.put("model-seconds." + policy, seconds);
                figures.put("tokens-per-second." + policy, tokens.get(policy).value() / seconds);
            }
        });
        return figures;
    }
}
