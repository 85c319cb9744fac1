package org.ballast.core.mllm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * PEFT's adapter directory. Which modules carry an update is what the tensors of the file say; the configuration must agree, save that a part of the model (tower,
 * projector) that its names happen to match may have none.
 */
final class PeftFiles {
    private static final String MODEL = "adapter_model.safetensors";
    private static final String DECODER = "language_model";
    private static final String PREFIX = "base_model.model.";
    private static final List<String> MATRICES = List.of(".lora_A.weight", ".lora_B.weight");

    private PeftFiles() {}

    static LoraAdapter read(Path dir, LlavaConfig model) {
        Path configFile = dir.resolve(PeftConfigFile.NAME);
        LoraConfig stated;
        try {
            stated = PeftConfigFile.parse(Files.readAllBytes(configFile), configFile.toString());
        } catch (IOException e) {
            throw new CheckpointException(configFile + ": cannot be read: " + e, e);
        }
        try (PointerScope scope = new PointerScope();
                SafeTensors tensors = SafeTensors.open(dir.resolve(MODEL))) {
            Map<String, SafeTensors.Entry> stored = new LinkedHashMap<>();
            tensors.names().forEach(name -> stored.put(path(name), tensors.entry(name)));
            Matched matched = match(
                    stated, model, stored, configFile.toString(), tensors.file().toString());
            ParameterLayout layout = matched.layout;
            float[] theta = new float[Math.toIntExact(layout.size())]; // no longer than the file, as just checked
            for (NamedShape tensor : layout.tensors()) {
                String name = matched.entries.get(tensor.name()).name();
                Tensor value = tensors.tensor(name).to(ScalarType.Float).contiguous(); // shape of the tensor
                new FloatPointer(value.data_ptr())
                        .get(theta, (int) layout.offset(tensor.name()), (int) tensor.elements());
            }
            return new LoraAdapter(matched.config, model, theta);
        }
    }

    /** A tensor's name without the prefix that peft puts before the model's own. */
    static String path(String storedName) {
        return storedName.startsWith(PREFIX) ? storedName.substring(PREFIX.length()) : storedName;
    }

    /** The configuration in this version's paths, and the stored tensor of each tensor of its layout. */
    record Matched(LoraConfig config, ParameterLayout layout, Map<String, SafeTensors.Entry> entries) {}

    /** @param stored the file's tensors by their names behind the common prefix */
    static Matched match(
            LoraConfig stated,
            LlavaConfig model,
            Map<String, SafeTensors.Entry> stored,
            String configFile,
            String file) {
        CheckpointException first = null;
        for (ModuleNaming naming : likeliest(model, stored.keySet())) {
            try {
                return match(stated, model, stored, naming, file);
            } catch (CheckpointException e) {
                first = first == null ? e : first;
            } catch (IllegalArgumentException e) {
                throw new CheckpointException(configFile + ": " + e.getMessage(), e);
            }
        }
        throw first;
    }

    /** The namings that know most of the stored names. */
    private static List<ModuleNaming> likeliest(LlavaConfig model, Set<String> stored) {
        Map<ModuleNaming, Long> known = new EnumMap<>(ModuleNaming.class);
        for (ModuleNaming naming : ModuleNaming.of(model)) {
            known.put(
                    naming,
                    LlavaTensors.linears(model).stream()
                            .filter(m -> stored.contains(naming.path(m.name()) + MATRICES.get(0)))
                            .count());
        }
        long most = Collections.max(known.values());
        return known.keySet().stream().filter(n -> known.get(n) == most).toList();
    }

    private static Matched match(
            LoraConfig stated,
            LlavaConfig model,
            Map<String, SafeTensors.Entry> stored,
            ModuleNaming naming,
            String file) {
        List<NamedShape> present = new ArrayList<>();
        Set<String> partsWithSome = new HashSet<>(Set.of(DECODER));
        for (NamedShape module : LlavaTensors.linears(model)) {
            String path = naming.path(module.name());
            if (MATRICES.stream().anyMatch(m -> stored.containsKey(path + m))) {
                present.add(module);
                partsWithSome.add(part(module));
            }
        }
        Set<NamedShape> there = new HashSet<>(present);
        List<NamedShape> targeted = stated.selected(model, naming);
        for (NamedShape module : targeted) {
            if (!there.contains(module) && partsWithSome.contains(part(module))) {
                throw new CheckpointException(
                        file + ": tensor " + PREFIX + naming.path(module.name()) + MATRICES.get(0) + " is missing");
            }
        }
        LoraConfig config = stated;
        if (!present.isEmpty()
                && new HashSet<>(targeted).containsAll(present)
                && (naming != ModuleNaming.of(model).get(0) || !present.equals(targeted))) {
            config = stated.renamed(model, present, naming);
        }
        ParameterLayout layout = config.layout(model);
        Map<String, String> paths = paths(layout, model, naming);
        Map<String, SafeTensors.Entry> rest = new HashMap<>(stored);
        Map<String, SafeTensors.Entry> entries = new HashMap<>();
        for (NamedShape tensor : layout.tensors()) {
            String path = paths.get(tensor.name());
            SafeTensors.Entry entry = rest.remove(path);
            if (entry == null) {
                throw new CheckpointException(file + ": tensor " + PREFIX + path + " is missing");
            }
            if (!entry.isFloating() || !Arrays.equals(entry.shape(), tensor.shape())) {
                throw new CheckpointException(file + ": tensor " + entry.name() + " is " + entry.type() + " "
                        + Arrays.toString(entry.shape()) + ", expected F32, F16 or BF16 of shape "
                        + Arrays.toString(tensor.shape()));
            }
            entries.put(tensor.name(), entry);
        }
        Set<String> surplus = rest.keySet();
        if (!surplus.isEmpty()) {
            throw new CheckpointException(file + ": tensor "
                    + rest.get(surplus.stream().sorted().findFirst().orElseThrow())
                            .name()
                    + " is surplus: no linear that " + PeftConfigFile.NAME
                    + " targets has it (updates of lm_head and embeddings are not supported)");
        }
        return new Matched(config, layout, entries);
    }

    private static String part(NamedShape module) {
        return module.name().substring(0, module.name().indexOf('.'));
    }

    /** Where the tensors of the layout stand in a file, behind the common prefix. */
    private static Map<String, String> paths(ParameterLayout layout, LlavaConfig model, ModuleNaming naming) {
        Map<String, String> out = new HashMap<>();
        for (NamedShape module : LlavaTensors.linears(model)) {
            String path = naming.path(module.name());
            out.put(LoraConfig.nameOfA(module.name()), path + MATRICES.get(0));
            out.put(LoraConfig.nameOfB(module.name()), path + MATRICES.get(1));
        }
        for (NamedShape tensor : layout.tensors()) {
            out.computeIfAbsent(tensor.name(), naming::path); // a module saved in full
        }
        return out;
    }

    static void write(Path dir, LoraAdapter adapter, String baseModel) throws IOException {
        Files.createDirectories(dir);
        Files.writeString(dir.resolve(PeftConfigFile.NAME), PeftConfigFile.text(adapter.config(), baseModel));
        LlavaConfig model = adapter.model();
        Map<String, String> paths =
                paths(adapter.layout(), model, ModuleNaming.of(model).get(0));
        try (PointerScope scope = new PointerScope()) {
            float[] theta = adapter.theta();
            Tensor flat = Tensor.create(theta, theta.length); // [parameters]
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (NamedShape tensor : adapter.layout().tensors()) {
                tensors.put(PREFIX + paths.get(tensor.name()), adapter.layout().view(flat, tensor));
            }
            SafeTensorsWriter.write(dir.resolve(MODEL), tensors);
        }
    }
}
