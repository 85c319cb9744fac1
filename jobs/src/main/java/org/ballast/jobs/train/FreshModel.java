package org.ballast.jobs.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.ballast.core.image.ClipPreprocessor;
import org.ballast.core.image.PilResize;
import org.ballast.core.mllm.LlavaConfig;
import org.ballast.core.mllm.LlavaModel;
import org.ballast.core.text.LlavaTokenizer;
import org.ballast.core.text.PromptTemplate;
import org.ballast.spark.model.TemplateFile;

/** Writes the checkpoint of an untrained model with all that belongs to it. */
final class FreshModel {
    /** Files of a checkpoint that training does not change. */
    private static final List<String> COMPANIONS =
            List.of(LlavaTokenizer.FILE_NAME, ClipPreprocessor.FILE_NAME, TemplateFile.NAME);

    private FreshModel() {}

    static void write(ArchitectureConfig architecture, TrainConfig config, long seed, Path folder, Configuration hadoop)
            throws IOException {
        org.apache.hadoop.fs.Path source = new org.apache.hadoop.fs.Path(architecture.tokenizer());
        FileSystem files = source.getFileSystem(hadoop);
        try (var in = files.open(source)) {
            Files.copy(in, folder.resolve(LlavaTokenizer.FILE_NAME));
        }
        TemplateFile template = new TemplateFile(
                new PromptTemplate(config.templateText(), config.responsePrefix()),
                new LlavaTokenizer.SpecialTokens(
                        architecture.imageToken(), architecture.endToken(), architecture.padToken()),
                config.maxLength());
        template.write(folder);
        preprocessor(architecture).write(folder);
        try (LlavaTokenizer tokenizer = LlavaTokenizer.open(folder, template.template(), template.tokens())) {
            LlavaConfig shape = architecture.llava(
                    tokenizer.vocabularySize(),
                    tokenizer.specialId(architecture.beginToken()),
                    tokenizer.endId(),
                    tokenizer.padId(),
                    tokenizer.imageId());
            try (LlavaModel model = LlavaModel.initialise(shape, seed)) {
                model.save(folder);
            }
        }
    }

    /** Tokenizer, preprocessor and template of a checkpoint, for the one that was trained from it. */
    static void copyCompanions(Path from, Path to) throws IOException {
        for (String name : COMPANIONS) {
            Path file = from.resolve(name);
            if (Files.exists(file)) {
                Files.copy(file, to.resolve(name), StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }

    private static ClipPreprocessor preprocessor(ArchitectureConfig architecture) {
        int side = architecture.vision().imageSize();
        return new ClipPreprocessor(
                new ClipPreprocessor.ShortestEdge(side),
                PilResize.Filter.BICUBIC,
                side,
                side,
                false,
                1.0 / 255,
                array(architecture.imageMean()),
                array(architecture.imageStd()));
    }

    private static double[] array(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).toArray();
    }
}
