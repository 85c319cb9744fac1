package org.ballast.spark.shard;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.ballast.core.data.Domain;
import org.ballast.core.data.Reason;
import org.ballast.core.data.RowRejected;
import org.ballast.core.data.Sha256;

/**
 * A picture with what stands beside it ({@link PictureSidecars}): a row of {@code samples} by its class, or one of {@code prompts}:
 * a conversation, a preference, or a caption as the answer to the input's question.
 */
final class PictureRowFormat implements AnnotationFormat {
    /** Kind of a prompt that asks for a description. */
    static final String DESCRIBE = "describe";

    @Override
    public List<Candidate> candidates(JsonNode row, RowContext context) throws RowRejected {
        return context.input().givesSamples()
                ? List.of(sample(row, context))
                : instruct(row).candidates(withId(row), context);
    }

    /** The format that the fields of the row are those of. */
    private static AnnotationFormat instruct(JsonNode row) {
        if (row.has("conversations")) {
            return AnnotationLayout.LLAVA_INSTRUCT.format();
        }
        if (row.has("completions")) {
            return row.path("completions").path(0).has("score")
                    ? AnnotationLayout.BPO.format()
                    : AnnotationLayout.VLFEEDBACK.format();
        }
        return row.has("chosen") || row.has("rejected")
                ? AnnotationLayout.RLAIF_V.format()
                : PictureRowFormat::captioned;
    }

    private static JsonNode withId(JsonNode row) {
        if (row.has("id") || !row.has(PictureSidecars.KEY)) {
            return row;
        }
        ObjectNode named = row.deepCopy();
        named.set("id", row.get(PictureSidecars.KEY));
        return named;
    }

    private static List<Candidate> captioned(JsonNode row, RowContext context) throws RowRejected {
        String id = AnnotationFormat.id(row, PictureSidecars.KEY, context);
        String image = AnnotationFormat.image(row, context);
        String caption = AnnotationFormat.response(row.get(PictureSidecars.CAPTION), PictureSidecars.CAPTION);
        return captioned(context, id, image, caption, place(row, context).split);
    }

    /** A prompt that asks for a description, whose only completion is the caption. */
    static List<Candidate> captioned(RowContext context, String id, String image, String caption, String split)
            throws RowRejected {
        String prompt = AnnotationFormat.question(context.input().question(), image);
        return List.of(Candidate.prompt(
                context,
                0,
                id,
                Sha256.of(image, prompt, caption),
                image,
                prompt,
                SourceCompletion.groundTruth(caption),
                List.of(),
                null,
                context.input().kind() == null ? DESCRIBE : context.input().kind(),
                split));
    }

    private static Candidate sample(JsonNode row, RowContext context) throws RowRejected {
        String id = AnnotationFormat.id(row, PictureSidecars.KEY, context);
        String image = AnnotationFormat.image(row, context);
        String caption = row.hasNonNull(PictureSidecars.CAPTION)
                ? AnnotationFormat.text(row, PictureSidecars.CAPTION, true)
                : "";
        Place place = place(row, context);
        int label = label(row, place.className, context);
        context.requireClass(label, context.input().domain());
        String digest = Sha256.of(image, caption, Integer.toString(label), place.split);
        return Candidate.sample(context, id, digest, image, caption, label, null, null, place.split);
    }

    private record Place(String split, String className) {}

    /** Without a split of the input's own, the first folder is the split and those below it are the class. */
    private static Place place(JsonNode row, RowContext context) throws RowRejected {
        String folder = row.path(PictureSidecars.CLASS).textValue();
        if (context.input().split() != null) {
            return new Place(context.input().split(), folder);
        }
        if (folder == null) {
            return new Place(AnnotationFormat.split(row, context), null);
        }
        int slash = folder.indexOf('/');
        return new Place(
                AnnotationFormat.plainSplit(slash < 0 ? folder : folder.substring(0, slash)),
                slash < 0 ? null : folder.substring(slash + 1));
    }

    /** The row's own label, an index or a name; else the class that the folder's name is. */
    private static int label(JsonNode row, String folder, RowContext context) throws RowRejected {
        JsonNode label = row.path(PictureSidecars.LABEL);
        if (label.isIntegralNumber() && label.canConvertToInt()) {
            return label.intValue();
        }
        if (label.isTextual()) {
            return named(label.asText(), context);
        }
        if (!label.isMissingNode() && !label.isNull()) {
            throw new RowRejected(
                    Reason.BAD_LABEL,
                    "label must be an integer or the name of a class, was " + AnnotationFormat.shown(label));
        }
        if (folder != null) {
            return named(folder, context);
        }
        if (context.input().domain() == Domain.OUT_OF_DISTRIBUTION) {
            return -1;
        }
        throw new RowRejected(Reason.MISSING_FIELD, "the picture has no label and lies in no folder of a class");
    }

    private static int named(String name, RowContext context) throws RowRejected {
        int label = context.classes().label(name, context.input().domain());
        if (label >= 0) {
            return label;
        }
        if (name.matches("-?[0-9]{1,9}")) {
            return Integer.parseInt(name);
        }
        if (context.input().domain() == Domain.OUT_OF_DISTRIBUTION) {
            return -1;
        }
        throw new RowRejected(
                Reason.BAD_LABEL,
                "'%s' is no class of the class list (%d classes)"
                        .formatted(
                                name.length() <= 200 ? name : name.substring(0, 200) + "...",
                                context.classes().inDistribution().size()));
    }
}
