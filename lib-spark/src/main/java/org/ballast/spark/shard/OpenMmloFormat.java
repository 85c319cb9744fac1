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
        String image = AnnotationFormat.image(row);
        String caption = AnnotationFormat.text(row, "text_input", true);
        int label = label(row.get("label"), context);
        String digest = Sha256.of(image, caption, Integer.toString(label));
        return List.of(Candidate.sample(context, id, digest, image, caption, label, row.toString()));
    }

    private static int label(JsonNode value, RowContext context) throws RowRejected {
        if (value == null || value.isNull()) {
            throw new RowRejected(
                    Reason.MISSING_FIELD, "label must be an integer, was " + AnnotationFormat.shown(value));
        }
        if (!value.isIntegralNumber() || !value.canConvertToInt()) {
            throw new RowRejected(Reason.BAD_LABEL, "label must be an integer, was " + AnnotationFormat.shown(value));
        }
        int label = value.intValue();
        if (!context.classes().allows(label, context.input().domain())) {
            int classes = context.classes().inDistribution().size();
            throw new RowRejected(
                    Reason.BAD_LABEL,
                    "label %d is no class of domain %s%s"
                            .formatted(
                                    label,
                                    context.input().domain().stored(),
                                    classes > 0 ? " (" + classes + " classes)" : ""));
        }
        return label;
    }
}
