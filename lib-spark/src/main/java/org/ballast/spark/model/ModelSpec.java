package org.ballast.spark.model;

import java.io.IOException;
import java.io.Serializable;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.StageInputException;

/**
 * Which model: a checkpoint, and an adapter on it or none.
 *
 * @param adapter null for the checkpoint alone
 */
public record ModelSpec(ModelFiles checkpoint, ModelFiles adapter) implements Serializable {
    /** Folder of a stage that holds a Hugging Face checkpoint. */
    public static final String CHECKPOINT = "checkpoint";
    /** Folder of a stage that holds a PEFT adapter. */
    public static final String ADAPTER = "adapter";

    /** The checkpoint that a stage wrote. */
    public static ModelSpec checkpoint(StageFolder stage, Configuration hadoop) throws IOException {
        return new ModelSpec(ModelFiles.of(folder(stage, CHECKPOINT), hadoop), null);
    }

    /** This checkpoint under the adapter that a stage wrote. */
    public ModelSpec with(StageFolder adapterStage, Configuration hadoop) throws IOException {
        return new ModelSpec(checkpoint, ModelFiles.of(folder(adapterStage, ADAPTER), hadoop));
    }

    /** Digest of checkpoint and adapter: what the column {@code model} holds. */
    public String digest() {
        return adapter == null ? checkpoint.digest() : checkpoint.digest() + "+" + adapter.digest();
    }

    private static Path folder(StageFolder stage, String name) throws IOException {
        Path folder = stage.file(name);
        if (!stage.fileSystem().exists(folder)) {
            throw new StageInputException("stage " + stage.stage() + " wrote no " + name + ": there is no " + folder);
        }
        return folder;
    }
}
