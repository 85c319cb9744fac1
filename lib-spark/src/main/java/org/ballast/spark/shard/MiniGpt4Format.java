package org.ballast.spark.shard;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import org.ballast.core.data.RowRejected;

/**
 * MiniGPT-4's {@code filter_cap.json} (arXiv 2304.10592, {@code Vision-CAIR/cc_sbu_align}): an object with the array
 * {@value #ANNOTATIONS} of {@code image_id} and {@code caption}; the picture is {@code <image_id>.jpg}
 * ({@code cc_sbu_dataset.py}). The prompt asks for a description, its only completion is the caption.
 */
final class MiniGpt4Format implements AnnotationFormat {
    static final String ANNOTATIONS = "annotations";

    @Override
    public List<Candidate> candidates(JsonNode row, RowContext context) throws RowRejected {
        String id = AnnotationFormat.id(row, "image_id", context);
        String image = AnnotationFormat.image(row.get("image_id").asText() + ".jpg", context);
        String caption = AnnotationFormat.response(row.get("caption"), "caption");
        return PictureRowFormat.captioned(context, id, image, caption, AnnotationFormat.split(row, context));
    }
}
