package org.ballast.spark.shard;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import org.ballast.core.data.Reason;
import org.ballast.core.data.RowRejected;
import org.ballast.core.data.Sha256;

/** OpenMMlo: {@code image_id}, {@code image}, {@code text_input} (class name as {@value #MASK}), {@code label}. */
final class OpenMmloFormat implements AnnotationFormat {
    /** Stands for the words of the class name in a caption. */
    static final String MASK = "[mask]";

    @Override
    public List<Candidate> candidates(JsonNode row, RowContext context) throws RowRejected {
        String id = AnnotationFormat.id(row, "image_id", context);
        String image = AnnotationFormat.image(row, context);
        String caption = AnnotationFormat.text(row, "text_input", true);
        Integer label = AnnotationFormat.optionalLabel(row);
        if (label == null) {
            throw new RowRejected(
                    Reason.MISSING_FIELD, "label must be an integer, was " + AnnotationFormat.shown(row.get("label")));
        }
        context.requireClass(label, context.input().domain());
        String digest = Sha256.of(image, caption, Integer.toString(label));
        return List.of(Candidate.sample(
                context, id, digest, image, caption, label, null, null, AnnotationFormat.split(row, context)));
    }
}
