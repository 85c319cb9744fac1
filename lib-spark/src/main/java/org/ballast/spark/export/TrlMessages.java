package org.ballast.spark.export;

import java.util.ArrayList;
import java.util.List;
import org.ballast.core.data.Prompt;
import org.ballast.core.data.Turn;

/** Prompts and responses as lists of chat messages. */
final class TrlMessages {
    /** One chat message; roles are {@code user} and {@code assistant}. */
    record Message(String role, String content) {}

    private TrlMessages() {}

    /**
     * History and prompt. TRL puts the picture before the text of the first user message itself, so the first
     * {@value Prompt#IMAGE} of a row with a picture goes, with the line break beside it; any other is text and stays.
     */
    static List<Message> prompt(Prompt prompt) {
        List<Message> messages = new ArrayList<>();
        boolean pending = prompt.hasImage();
        for (Turn turn : prompt.history()) {
            boolean here = pending && turn.prompt().contains(Prompt.IMAGE);
            messages.add(new Message("user", here ? withoutImage(turn.prompt()) : turn.prompt()));
            messages.add(new Message("assistant", turn.response()));
            pending &= !here;
        }
        messages.add(new Message("user", pending ? withoutImage(prompt.prompt()) : prompt.prompt()));
        return messages;
    }

    /** A response. */
    static List<Message> response(String text) {
        return List.of(new Message("assistant", text));
    }

    private static String withoutImage(String text) {
        int at = text.indexOf(Prompt.IMAGE);
        if (at < 0) {
            return text;
        }
        String before = text.substring(0, at);
        String after = text.substring(at + Prompt.IMAGE.length());
        if (after.startsWith("\n")) {
            return before + after.substring(1);
        }
        return (before.endsWith("\n") ? before.substring(0, before.length() - 1) : before) + after;
    }
}
