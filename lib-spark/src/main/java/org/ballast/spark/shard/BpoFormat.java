package org.ballast.spark.shard;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.ballast.core.data.Completion;
import org.ballast.core.data.CompletionType;
import org.ballast.core.data.Prompt;
import org.ballast.core.data.Reason;
import org.ballast.core.data.RowRejected;
import org.ballast.core.data.Sha256;
import org.ballast.core.data.Turn;

/**
 * BPO_Instruct (arXiv 2403.08730, {@code renjiepi/BPO_Instruct}): {@code id}, {@code image}, {@code prompt},
 * {@code completions} of {@code response}, {@code score} and {@code type} ({@code gt}, {@code llm-hal}, {@code mllm-hal}). Our own export adds {@code history}, the earlier turns.
 */
final class BpoFormat implements AnnotationFormat {
    /** Most responses of a prompt, in every format. */
    static final int MAX_COMPLETIONS = 1_000;

    @Override
    public List<Candidate> candidates(JsonNode row, RowContext context) throws RowRejected {
        String id = AnnotationFormat.id(row, "id", context);
        String image = row.has("image") ? AnnotationFormat.image(row, context) : null;
        List<Turn> history = AnnotationFormat.history(row);
        String asked = AnnotationFormat.text(row, "prompt", false);
        boolean isShown = history.stream().anyMatch(turn -> turn.prompt().contains(Prompt.IMAGE));
        String prompt = isShown ? asked : AnnotationFormat.question(asked, image);
        List<SourceCompletion> completions = completions(row.get("completions"));
        Integer label = AnnotationFormat.optionalLabel(row);
        String digest = Sha256.of(
                image == null ? "" : image,
                prompt,
                history.toString(),
                SourceCompletion.digest(completions),
                String.valueOf(label));
        return List.of(Candidate.prompt(
                context,
                0,
                id,
                digest,
                image,
                prompt,
                SourceCompletion.bestFirst(completions),
                history,
                label,
                context.input().kind(),
                AnnotationFormat.split(row, context)));
    }

    private static List<SourceCompletion> completions(JsonNode given) throws RowRejected {
        if (given == null || !given.isArray() || given.isEmpty()) {
            throw new RowRejected(
                    Reason.MISSING_FIELD,
                    "completions must be an array of responses, was " + AnnotationFormat.shown(given));
        }
        requireFew(given.size());
        List<SourceCompletion> completions = new ArrayList<>();
        for (int i = 0; i < given.size(); i++) {
            JsonNode one = given.get(i);
            String what = "completion %d: ".formatted(i);
            completions.add(new SourceCompletion(
                    AnnotationFormat.response(one.get("response"), what + "response"),
                    type(one, what),
                    AnnotationFormat.score(one.get("score"), what + "score"),
                    Completion.SOURCE,
                    i));
        }
        return completions;
    }

    private static CompletionType type(JsonNode completion, String what) throws RowRejected {
        try {
            return CompletionType.of(completion.path("type").asText());
        } catch (IllegalArgumentException e) {
            throw new RowRejected(
                    Reason.MISSING_FIELD,
                    "%stype must be a type of completion, was %s"
                            .formatted(what, AnnotationFormat.shown(completion.get("type"))));
        }
    }

    static void requireFew(int completions) throws RowRejected {
        if (completions > MAX_COMPLETIONS) {
            throw new RowRejected(
                    Reason.TOO_LONG,
                    "a prompt may have %d completions, has %d".formatted(MAX_COMPLETIONS, completions));
        }
    }
}
