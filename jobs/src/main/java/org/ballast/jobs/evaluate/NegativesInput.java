package org.ballast.jobs.evaluate;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.ballast.core.image.RgbConversion;
import org.ballast.jobs.report.ReportData;
import org.ballast.spark.io.MetricsJson;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.negative.NegativeMetrics;
import org.ballast.spark.picture.Thumbnails;

/** What stages of negatives tell of themselves, for the report. */
final class NegativesInput {
    private NegativesInput() {}

    /**
     * Reads the figures of those stages that have any, and the pictures of their examples.
     *
     * @param stages with completions of any origin
     * @param images where the pictures are looked for
     */
    static List<ReportData.Negatives> read(List<StageFolder> stages, Dataset<Row> images, RgbConversion conversion) {
        List<ReportData.Negatives> negatives = new ArrayList<>();
        for (StageFolder stage : stages) {
            if (stage.has(MetricsJson.NAME)) {
                NegativeMetrics metrics = MetricsJson.read(
                        stage.read(MetricsJson.NAME),
                        NegativeMetrics.class,
                        stage.file(MetricsJson.NAME).toString());
                List<String> pictures = metrics.types().values().stream()
                        .flatMap(type -> type.examples().stream())
                        .map(NegativeMetrics.Example::imageId)
                        .filter(Objects::nonNull)
                        .distinct()
                        .toList();
                negatives.add(
                        new ReportData.Negatives(stage.stage(), metrics, Thumbnails.of(images, pictures, conversion)));
            }
        }
        return negatives;
    }
}
