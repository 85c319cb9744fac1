package org.ballast.spark.shard;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.ballast.core.data.Completion;
import org.ballast.core.data.CompletionType;
import org.ballast.core.data.RowRejected;
import org.ballast.core.data.Sha256;

/**
 * RLAIF-V (arXiv 2405.17220, {@code openbmb/RLAIF-V-Dataset}): {@code idx}, {@code image}, {@code question}, {@code chosen},
 * {@code rejected}, {@code origin_dataset}, {@code image_path}, and {@code origin_split}, a JSON text whose {@code model} wrote
 * both responses. The chosen one is {@link CompletionType#GROUND_TRUTH} with score 1, the rejected one
 * {@link CompletionType#SCORED} with score 0.
 */
final class RlaifVFormat implements AnnotationFormat {
    private static final int MAX_MODEL = 200;

    @Override
    public List<Candidate> candidates(JsonNode row, RowContext context) throws RowRejected {
        String id = AnnotationFormat.id(row, row.has("idx") ? "idx" : "id", context);
        String image = AnnotationFormat.image(row, context);
        String question = AnnotationFormat.question(AnnotationFormat.text(row, "question", false), image);
        String chosen = AnnotationFormat.response(row.get("chosen"), "chosen");
        String rejected = AnnotationFormat.response(row.get("rejected"), "rejected");
        String model = model(row);
        List<SourceCompletion> completions = List.of(
                new SourceCompletion(chosen, CompletionType.GROUND_TRUTH, 1, model, 0),
                new SourceCompletion(rejected, CompletionType.SCORED, 0, model, 1));
        String digest = Sha256.of(pictureName(row, image), question, SourceCompletion.digest(completions));
        return List.of(Candidate.prompt(
                context,
                0,
                id,
                digest,
                image,
                question,
                completions,
                List.of(),
                null,
                context.input().kind(),
                AnnotationFormat.split(row, context)));
    }

    /** What the data calls the picture, which is the same in a copy of the row; its place where the data does not say. */
    static String pictureName(JsonNode row, String image) {
        String named = row.path(ParquetRows.IMAGE_PATH).textValue();
        return named == null ? image : named;
    }

    private static String model(JsonNode row) {
        String origin = row.path("origin_split").textValue();
        if (origin == null || !origin.startsWith("{")) {
            return Completion.SOURCE;
        }
        byte[] text = origin.getBytes(StandardCharsets.UTF_8);
        JsonNode parsed = JsonText.row(text, text.length, "origin_split").json();
        String model = parsed == null ? "" : parsed.path("model").asText("");
        return model.isBlank() || model.length() > MAX_MODEL ? Completion.SOURCE : model;
    }
}
