package org.ballast.spark.shard;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.ballast.core.data.Prompt;
import org.ballast.core.data.Reason;
import org.ballast.core.data.RowRejected;
import org.ballast.core.data.Sha256;
import org.ballast.core.data.Turn;

/**
 * LLaVA-Instruct and ShareGPT4V: {@code id}, {@code image} (none for text only), {@code conversations} of alternating
 * {@code human} and {@code gpt}. A conversation of n turns gives n candidates, each with the turns before it as history. A row
 * with a picture whose text has no {@value Prompt#IMAGE} gets one before its first question, where LLaVA puts it.
 */
final class LlavaInstructFormat implements AnnotationFormat {
    /** Each turn holds all turns before it, so that a row grows with the square of its turns. */
    private static final int MAX_TURNS = 200;

    @Override
    public List<Candidate> candidates(JsonNode row, RowContext context) throws RowRejected {
        String id = AnnotationFormat.id(row, "id", context);
        String image = row.has("image") ? AnnotationFormat.image(row, context) : null;
        List<Turn> turns = turns(row.get("conversations"), image != null);
        Integer label = AnnotationFormat.optionalLabel(row);
        String kind = kind(id, context.input());
        String digest = digest(image, turns, label);
        List<Candidate> candidates = new ArrayList<>();
        for (int turn = 0; turn < turns.size(); turn++) {
            candidates.add(Candidate.prompt(
                    context,
                    turn,
                    id,
                    digest,
                    image,
                    turns.get(turn).prompt(),
                    SourceCompletion.groundTruth(turns.get(turn).response()),
                    List.copyOf(turns.subList(0, turn)),
                    label,
                    kind,
                    AnnotationFormat.split(row, context)));
        }
        return candidates;
    }

    private static List<Turn> turns(JsonNode conversation, boolean withImage) throws RowRejected {
        if (conversation == null || !conversation.isArray()) {
            throw new RowRejected(
                    Reason.MISSING_FIELD,
                    "conversations must be an array, was " + AnnotationFormat.shown(conversation));
        }
        if (conversation.isEmpty() || conversation.size() % 2 != 0) {
            throw new RowRejected(
                    Reason.BAD_CONVERSATION,
                    "a conversation must be pairs of question and answer, has %d messages"
                            .formatted(conversation.size()));
        }
        if (conversation.size() > 2 * MAX_TURNS) {
            throw new RowRejected(
                    Reason.TOO_LONG,
                    "a conversation may have %d turns, has %d".formatted(MAX_TURNS, conversation.size() / 2));
        }
        List<Turn> turns = new ArrayList<>();
        for (int i = 0; i < conversation.size(); i += 2) {
            turns.add(new Turn(said(conversation, i, "human"), said(conversation, i + 1, "gpt")));
        }
        if (withImage && turns.stream().noneMatch(turn -> turn.prompt().contains(Prompt.IMAGE))) {
            Turn first = turns.get(0);
            turns.set(0, new Turn(Prompt.IMAGE + "\n" + first.prompt(), first.response()));
        }
        Turn first = turns.get(0);
        if (withImage && !first.prompt().contains(Prompt.IMAGE)) {
            throw new RowRejected(
                    Reason.BAD_CONVERSATION, "the picture comes after the first question, which then has none");
        }
        return turns;
    }

    private static String said(JsonNode conversation, int index, String speaker) throws RowRejected {
        JsonNode message = conversation.get(index);
        String from = message.path("from").asText();
        if (!from.equals(speaker)) {
            throw new RowRejected(
                    Reason.BAD_CONVERSATION,
                    "message %d must be from %s, was from %s"
                            .formatted(index, speaker, AnnotationFormat.shown(message.get("from"))));
        }
        JsonNode value = message.get("value");
        if (value == null || !value.isTextual() || value.asText().isBlank()) {
            boolean answer = speaker.equals("gpt") && value != null && value.isTextual();
            throw new RowRejected(
                    answer ? Reason.EMPTY_RESPONSE : Reason.MISSING_FIELD,
                    "value of message %d must be a text, was %s".formatted(index, AnnotationFormat.shown(value)));
        }
        return value.asText();
    }

    private static String kind(String id, ShardInput input) {
        if (input.kindPattern() == null) {
            return input.kind();
        }
        Matcher matcher = Pattern.compile(input.kindPattern()).matcher(id);
        return matcher.find() ? matcher.group(1) : input.kind();
    }

    private static String digest(String image, List<Turn> turns, Integer label) {
        List<String> parts = new ArrayList<>();
        parts.add(image == null ? "" : image);
        parts.add(String.valueOf(label));
        turns.forEach(turn -> {
            parts.add(turn.prompt());
            parts.add(turn.response());
        });
        return Sha256.of(parts.toArray(String[]::new));
    }
}
