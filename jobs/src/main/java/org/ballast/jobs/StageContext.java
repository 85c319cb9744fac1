package org.ballast.jobs;

import java.util.List;
import org.apache.spark.sql.SparkSession;
import org.ballast.core.config.RunConfig;
import org.ballast.core.config.StageConfig;
import org.ballast.spark.examples.PictureSource;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.model.ModelSpec;

/**
 * What a task works with.
 *
 * @param output the stage's own folder
 */
public record StageContext(SparkSession spark, RunConfig run, StageConfig stage, StageFolder output) {
    /** Input with the vision features of the data's pictures. */
    public static final String VISION_FEATURES = "vision-features";

    /** Folders of the stages under {@code inputs.<key>}. */
    public List<StageFolder> inputs(String key) {
        return stage.inputs(key).stream().map(this::folder).toList();
    }

    /**
     * The pictures of the stages under {@code inputs.data}, or their features where {@code inputs.vision-features} names a stage.
     *
     * @param model that sees them
     */
    public PictureSource pictures(ModelSpec model) {
        return stage.inputs(VISION_FEATURES).isEmpty()
                ? PictureSource.files(spark, inputs("data"))
                : PictureSource.features(spark, input(VISION_FEATURES), model);
    }

    /** Folder of the one stage under {@code inputs.<key>}. */
    public StageFolder input(String key) {
        List<StageFolder> folders = inputs(key);
        if (folders.size() != 1) {
            throw new IllegalArgumentException(
                    "stages." + stage.name() + ".inputs." + key + " must name one stage, not " + stage.inputs(key));
        }
        return folders.get(0);
    }

    private StageFolder folder(String name) {
        return StageFolder.of(spark.sparkContext().hadoopConfiguration(), run.root(), name);
    }
}
