package org.ballast.spark.export;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.Serializable;
import org.ballast.core.data.Prompt;
import org.ballast.core.data.Reason;
import org.ballast.core.data.RowRejected;
import org.ballast.core.data.Turn;

/** Rows of JSON formats, texts only: a picture is named by its path. */
interface JsonRows extends Serializable {
    /**
     * One row.
     *
     * @param picture path of the picture as the row names it, null without one
     * @throws RowRejected when the format cannot say it
     */
    ObjectNode row(LocatedRow row, String picture) throws RowRejected;

    /**
     * BPO: {@code id, prompt, image, completions[{score, response, type}]}, and {@code history[{prompt, response}]} in a
     * row of a longer conversation, which the published code passes over.
     */
    record Bpo() implements JsonRows {
        private static final long serialVersionUID = 1L;

        @Override
        public ObjectNode row(LocatedRow row, String picture) {
            Prompt prompt = row.prompt();
            ObjectNode json = JsonText.object().put("id", prompt.promptId());
            JsonText.putHistory(json, prompt.history());
            json.put("prompt", prompt.prompt());
            JsonText.put(json, "image", picture);
            JsonText.putCompletions(json, row.structs("completions"));
            return json;
        }
    }

    /**
     * LLaMA-Factory, ShareGPT formatting: {@code conversations[{from, value}], images}; {@code chosen} and {@code rejected}
     * where the rows are pairs. It wants as many {@value Prompt#IMAGE} in the texts as there are pictures, so a row that
     * has the word in its text besides, or the marks of videos and sounds, cannot be said.
     */
    record LlamaFactory(ExportOptions.Rows rows) implements JsonRows {
        private static final long serialVersionUID = 1L;
        private static final String[] OTHER_MARKS = {"<video>", "<audio>"};

        @Override
        public ObjectNode row(LocatedRow row, String picture) throws RowRejected {
            Prompt prompt = row.prompt();
            StringBuilder texts = new StringBuilder();
            ObjectNode json = JsonText.object();
            ArrayNode conversation = json.putArray("conversations");
            for (Turn turn : prompt.history()) {
                say(conversation.addObject(), "human", turn.prompt(), texts);
                say(conversation.addObject(), "gpt", turn.response(), texts);
            }
            say(conversation.addObject(), "human", prompt.prompt(), texts);
            switch (rows) {
                case PREFERENCE -> {
                    say(json.putObject("chosen"), "gpt", row.text("chosen"), texts);
                    say(json.putObject("rejected"), "gpt", row.text("rejected"), texts);
                }
                case SFT -> say(conversation.addObject(), "gpt", row.text("response"), texts);
            }
            ArrayNode images = json.putArray("images");
            if (picture != null) {
                images.add(picture);
            }
            requireMarks(texts.toString(), images.size());
            return json;
        }

        private static void say(ObjectNode message, String from, String value, StringBuilder texts) {
            message.put("from", from).put("value", value);
            texts.append(value).append('\n');
        }

        private static void requireMarks(String texts, int pictures) throws RowRejected {
            int marks = (texts.length() - texts.replace(Prompt.IMAGE, "").length()) / Prompt.IMAGE.length();
            if (marks != pictures) {
                throw new RowRejected(
                        Reason.RESERVED_TOKEN,
                        "%d times %s in the texts of a row with %d pictures".formatted(marks, Prompt.IMAGE, pictures));
            }
            for (String mark : OTHER_MARKS) {
                if (texts.contains(mark)) {
                    throw new RowRejected(
                            Reason.RESERVED_TOKEN,
                            "%s in the texts stands for a file that is not there".formatted(mark));
                }
            }
        }
    }
}
