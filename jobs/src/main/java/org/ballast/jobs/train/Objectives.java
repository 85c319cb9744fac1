package org.ballast.jobs.train;

import org.ballast.core.mllm.DpoObjective;
import org.ballast.core.mllm.EncodedExample;
import org.ballast.core.mllm.EncodedPair;
import org.ballast.core.mllm.LlavaModel;
import org.ballast.core.mllm.LoraAdapter;
import org.ballast.core.mllm.LoraConfig;
import org.ballast.core.mllm.MemorySettings;
import org.ballast.core.mllm.Objective;
import org.ballast.core.mllm.Precision;
import org.ballast.core.mllm.SftObjective;
import org.ballast.core.preference.RpoLoss;
import org.ballast.core.preference.SigmoidLoss;
import org.ballast.spark.device.Devices;
import org.ballast.spark.model.ModelFiles;
import org.ballast.spark.train.ObjectiveFactory;
import org.bytedeco.pytorch.Device;

/** How executors open what is trained: the checkpoint from its files, a new adapter from the run's seed. */
final class Objectives {
    private Objectives() {}

    private static LlavaModel opened(ModelFiles checkpoint, Precision precision) {
        try (Device device = new Device(Devices.ofTask())) {
            return LlavaModel.open(checkpoint.local(), precision, device);
        }
    }

    /** @param lora null: all parameters */
    record Supervised(ModelFiles checkpoint, Precision precision, LoraConfig lora, long seed, MemorySettings memory)
            implements ObjectiveFactory<EncodedExample> {
        @Override
        public String key() {
            return toString() + " on " + Devices.ofTask();
        }

        @Override
        public Objective<EncodedExample> open() {
            LlavaModel model = opened(checkpoint, precision);
            return lora == null
                    ? SftObjective.full(model, memory)
                    : SftObjective.lora(model, LoraAdapter.initialise(lora, model, seed), memory, seed);
        }
    }

    record Preference(
            ModelFiles checkpoint,
            Precision precision,
            LoraConfig lora,
            long seed,
            MemorySettings memory,
            double beta,
            double nllWeight)
            implements ObjectiveFactory<EncodedPair> {
        @Override
        public String key() {
            return toString() + " on " + Devices.ofTask();
        }

        @Override
        public Objective<EncodedPair> open() {
            LlavaModel model = opened(checkpoint, precision);
            return new DpoObjective(
                    model,
                    LoraAdapter.initialise(lora, model, seed),
                    nllWeight == 0 ? new SigmoidLoss(beta) : new RpoLoss(beta, nllWeight),
                    memory,
                    seed);
        }
    }
}
