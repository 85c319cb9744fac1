package org.ballast.core.mllm;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.ballast.core.fuzz.ReaderContract;

/** {@code adapter_config.json}, and behind a zero byte {@code adapter_model.safetensors}; without one the tensors of the golden adapter. */
class PeftFuzz {
    private static final LlavaConfig MODEL = LlavaConfigFile.read(Golden.path("model/config.json"));
    private static final Map<String, SafeTensors.Entry> GOLDEN = new LinkedHashMap<>();

    static {
        try (SafeTensors tensors = SafeTensors.open(Golden.path("adapter/adapter_model.safetensors"))) {
            tensors.names().forEach(name -> GOLDEN.put(PeftFiles.path(name), tensors.entry(name)));
        }
    }

    @FuzzTest
    void adapter(byte[] input) {
        ReaderContract.check(input, PeftFuzz::read);
    }

    static void read(byte[] input) {
        int zero = 0;
        while (zero < input.length && input[zero] != 0) {
            zero++;
        }
        LoraConfig config = PeftConfigFile.parse(Arrays.copyOf(input, zero), "adapter_config.json");
        Map<String, SafeTensors.Entry> stored = GOLDEN;
        if (zero < input.length) {
            stored = new LinkedHashMap<>();
            for (SafeTensors.Entry entry : SafeTensorsHeader.parse(
                            Arrays.copyOfRange(input, zero + 1, input.length), "adapter_model.safetensors")
                    .values()) {
                stored.put(PeftFiles.path(entry.name()), entry);
            }
        }
        PeftFiles.match(config, MODEL, stored, "adapter_config.json", "adapter_model.safetensors");
    }
}
