package org.ballast.spark.shard;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.ballast.core.data.Completion;
import org.ballast.core.data.CompletionType;
import org.ballast.core.data.Domain;
import org.ballast.core.data.Reason;
import org.ballast.core.data.RowRejected;
import org.ballast.core.data.Sha256;
import org.ballast.core.data.Turn;

/** A stage of our own: its rows as they are, under the keys that they have ({@link StageRows}). */
final class StageFormat implements AnnotationFormat {
    @Override
    public List<Candidate> candidates(JsonNode row, RowContext context) throws RowRejected {
        try {
            return List.of(context.input().givesSamples() ? sample(row, context) : prompt(row, context));
        } catch (IllegalArgumentException e) {
            throw new RowRejected(Reason.MALFORMED_ROW, e.getMessage());
        }
    }

    private static Candidate sample(JsonNode row, RowContext context) throws RowRejected {
        String id = AnnotationFormat.id(row, "sample_id", context);
        String image = AnnotationFormat.image(AnnotationFormat.text(row, "image_id", false), context);
        String caption = AnnotationFormat.text(row, "caption", true);
        Domain domain = Domain.of(AnnotationFormat.text(row, "domain", false));
        Integer label = AnnotationFormat.optionalLabel(row);
        if (label == null) {
            throw new RowRejected(Reason.MISSING_FIELD, "label must be an integer, was null");
        }
        context.requireClass(label, domain);
        String split = AnnotationFormat.split(row, context);
        String name = row.path("label_name").textValue();
        String digest =
                Sha256.of(image, caption, Integer.toString(label), String.valueOf(name), domain.stored(), split);
        return Candidate.sample(context, id, digest, image, caption, label, name, domain, split);
    }

    private static Candidate prompt(JsonNode row, RowContext context) throws RowRejected {
        String stored = AnnotationFormat.text(row, "prompt_id", false);
        String id = AnnotationFormat.id(row, "prompt_id", context);
        String image = row.hasNonNull("image_id")
                ? AnnotationFormat.image(AnnotationFormat.text(row, "image_id", false), context)
                : null;
        String prompt = AnnotationFormat.text(row, "prompt", false);
        List<Turn> history = AnnotationFormat.history(row);
        List<SourceCompletion> completions = completions(row.path(StageRows.COMPLETIONS), stored);
        Integer label = AnnotationFormat.optionalLabel(row);
        String kind = row.path("kind").textValue();
        String split = AnnotationFormat.split(row, context);
        String digest = Sha256.of(
                image == null ? "" : image,
                prompt,
                history.toString(),
                SourceCompletion.digest(completions),
                String.valueOf(label),
                String.valueOf(kind),
                split);
        return Candidate.prompt(
                context,
                -1,
                id,
                digest,
                image,
                prompt,
                SourceCompletion.bestFirst(completions),
                history,
                label,
                kind,
                split);
    }

    private static List<SourceCompletion> completions(JsonNode stored, String promptId) throws RowRejected {
        List<SourceCompletion> completions = new ArrayList<>();
        for (JsonNode one : stored) {
            String policy = one.path("policy").asText();
            if (!policy.equals(Completion.SOURCE)) {
                throw new RowRejected(
                        Reason.MALFORMED_ROW,
                        "completion %s was generated (policy %s): shard reads what came with data only"
                                .formatted(one.path("completion_id").asText(), policy));
            }
            completions.add(new SourceCompletion(
                    AnnotationFormat.text(one, "response", true),
                    CompletionType.of(AnnotationFormat.text(one, "type", false)),
                    AnnotationFormat.score(one.get("score"), "score"),
                    AnnotationFormat.text(one, "model", false),
                    ordinal(one.path("completion_id").asText(), promptId, stored.size())));
        }
        return completions;
    }

    /** The ordinal that the stored id was made of, so that the same completion keeps its id. */
    private static int ordinal(String completionId, String promptId, int completions) throws RowRejected {
        for (int ordinal = 0; ordinal < completions; ordinal++) {
            if (Completion.id(promptId, Completion.SOURCE, 0, ordinal).equals(completionId)) {
                return ordinal;
            }
        }
        throw new RowRejected(
                Reason.MALFORMED_ROW,
                "completion_id '%s' is none of prompt '%s' with %d completions"
                        .formatted(completionId, promptId, completions));
    }
}
