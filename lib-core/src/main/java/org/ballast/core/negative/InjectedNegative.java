package org.ballast.core.negative;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The reply of a language model that was asked to write an error into a response: JSON as asked for, or plain text. */
public final class InjectedNegative {
    /** What is asked for: the rewritten response, and what was changed. */
    public static final String SCHEMA =
            """
            {"type": "object", "properties": {"response": {"type": "string"}, "changed": {"type": "string"}}, \
            "required": ["response"], "additionalProperties": false}""";

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Pattern FENCED = Pattern.compile("```(?:json)?\\s*(.*?)\\s*```", Pattern.DOTALL);
    private static final Pattern LABEL = Pattern.compile(
            "^(?:here is[^\\n:]*:|(?:the )?(?:rewritten|modified|wrong|new|revised)?[ ]?(?:response|answer|description|caption)(?:(?: is)?:| is(?=\\s*[\"“]))|(?:改写后的?)?(?:回答|描述|回复)[:：])\\s*",
            Pattern.CASE_INSENSITIVE);
    private static final Pattern QUOTED = Pattern.compile("^([\"“「])(.*)([\"”」])$", Pattern.DOTALL);

    private InjectedNegative() {}

    /** The rewritten response; empty where the reply has none. */
    public static String parse(String reply) {
        String text = reply.strip();
        Matcher fenced = FENCED.matcher(text);
        if (fenced.find()) {
            text = fenced.group(1);
        }
        int open = text.indexOf('{');
        int close = text.lastIndexOf('}');
        if (open == 0 || (open > 0 && text.indexOf("\"response\"") > open)) {
            return close > open ? field(text.substring(open, close + 1)) : "";
        }
        return plain(text);
    }

    private static String field(String object) {
        try {
            JsonNode response = JSON.readTree(object).path("response");
            return response.isTextual() ? plain(response.textValue().strip()) : "";
        } catch (JsonProcessingException e) {
            // half an object says nothing that can be trusted
            return "";
        }
    }

    /** Text without the label and the quotation marks that models put around it. */
    private static String plain(String text) {
        String bare = LABEL.matcher(text).replaceFirst("").strip();
        Matcher quoted = QUOTED.matcher(bare);
        boolean whole =
                quoted.matches() && quoted.group(2).indexOf(quoted.group(3).charAt(0)) < 0;
        return whole ? quoted.group(2).strip() : bare;
    }
}
