package org.ballast.spark.model;

import java.io.IOException;
import java.io.Serializable;
import java.util.Objects;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.ballast.core.config.Settings;
import org.ballast.core.image.RgbConversion;
import org.ballast.core.mllm.Precision;
import org.ballast.core.text.PromptTemplate;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.StageInputException;

/**
 * Which model, and how it is opened.
 *
 * @param adapter null for the checkpoint alone
 * @param precision what it computes in, the same on every executor
 * @param pictures how picture files become RGB
 * @param template what stands around prompts; null: the checkpoint's own
 */
public record ModelSpec(
        ModelFiles checkpoint, ModelFiles adapter, Precision precision, RgbConversion pictures, PromptTemplate template)
        implements Serializable {
    /** Folder of a stage that holds a Hugging Face checkpoint. */
    public static final String CHECKPOINT = "checkpoint";
    /** Folder of a stage that holds a PEFT adapter. */
    public static final String ADAPTER = "adapter";

    public ModelSpec {
        Objects.requireNonNull(checkpoint, "checkpoint");
        Objects.requireNonNull(precision, "precision");
        Objects.requireNonNull(pictures, "pictures");
    }

    /** In float32, with the checkpoint's own template. */
    public ModelSpec(ModelFiles checkpoint, ModelFiles adapter) {
        this(checkpoint, adapter, Precision.FLOAT32, RgbConversion.TRANSFORMERS, null);
    }

    /** The checkpoint that a stage wrote. */
    public static ModelSpec checkpoint(StageFolder stage, Configuration hadoop) throws IOException {
        return new ModelSpec(files(stage, CHECKPOINT, hadoop), null);
    }

    /** This checkpoint under the adapter that a stage wrote. */
    public ModelSpec with(StageFolder adapterStage, Configuration hadoop) throws IOException {
        return new ModelSpec(checkpoint, files(adapterStage, ADAPTER, hadoop), precision, pictures, template);
    }

    /** The same model, opened so. */
    public ModelSpec with(Precision other, RgbConversion conversion) {
        return new ModelSpec(checkpoint, adapter, other, conversion, template);
    }

    /** Digest of checkpoint and adapter: what the column {@code model} holds. */
    public String digest() {
        return adapter == null ? checkpoint.digest() : checkpoint.digest() + "+" + adapter.digest();
    }

    /**
     * What the features of a picture hang on: the checkpoint with its preprocessor, the precision of its tower, how the file becomes RGB. The column
     * {@code model} of the table {@code vision_features}.
     */
    public String visionDigest() {
        return String.join(
                " ",
                checkpoint.digest(),
                Settings.written(precision),
                Settings.written(pictures.alpha()),
                Settings.written(pictures.orientation()));
    }

    /** The files of a model that a stage wrote, in its folder {@value #CHECKPOINT} or {@value #ADAPTER}. */
    public static ModelFiles files(StageFolder stage, String name, Configuration hadoop) throws IOException {
        Path folder = stage.file(name);
        if (!stage.has(name)) {
            throw new StageInputException("stage " + stage.stage() + " wrote no " + name + ": there is no " + folder);
        }
        return ModelFiles.of(folder, hadoop);
    }
}
