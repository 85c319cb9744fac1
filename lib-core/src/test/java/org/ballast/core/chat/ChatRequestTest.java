package org.ballast.core.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.ballast.core.chat.ChatSetup.SAMPLING;
import static org.ballast.core.chat.ChatSetup.completion;
import static org.ballast.core.chat.ChatSetup.respond;
import static org.ballast.core.chat.ChatSetup.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.util.Base64;
import java.util.List;
import java.util.function.Consumer;
import javax.imageio.ImageIO;
import org.ballast.core.chat.ChatOptions.Structured;
import org.ballast.core.data.Reason;
import org.ballast.core.image.ClipPreprocessor;
import org.ballast.core.image.DiffusionNoise;
import org.ballast.core.image.RgbConversion;
import org.ballast.core.image.RgbImage;
import org.ballast.core.mllm.generate.Contrast;
import org.ballast.core.mllm.generate.GenerationOptions;
import org.ballast.core.response.ResponseModel.Failure;
import org.ballast.core.response.ResponseModel.Outcome;
import org.ballast.core.response.ResponseModel.Reply;
import org.ballast.core.response.ResponseRequest;
import org.ballast.core.response.ResponseRequest.Weakening;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is sent, and what is made of an answer. */
@Timeout(20)
class ChatRequestTest {
    private static final int EDGE = 336;

    private static ChatServer.Received sent(
            ResponseRequest request, GenerationOptions options, Consumer<ChatSetup> change) throws Exception {
        try (var server = new ChatServer((received, exchange) -> ChatServer.send(exchange, 200, completion("a")))) {
            ChatSetup setup = ChatSetup.of(server.endpoint());
            change.accept(setup);
            try (ChatModel model = setup.model()) {
                assertThat(model.respond(List.of(request), options)).hasOnlyElementsOfType(Reply.class);
            }
            assertThat(server.received()).hasSize(1);
            return server.received().get(0);
        }
    }

    private static JsonNode body(ResponseRequest request, GenerationOptions options) throws Exception {
        return sent(request, options, setup -> {}).body();
    }

    /** A picture of which no two corners look alike. */
    private static byte[] picture(String format, int width, int height) throws Exception {
        var image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                image.setRGB(x, y, (x * 255 / width) << 16 | (y * 255 / height) << 8 | (x * y) % 256);
            }
        }
        var bytes = new ByteArrayOutputStream();
        assertThat(ImageIO.write(image, format, bytes)).isTrue();
        return bytes.toByteArray();
    }

    private static ResponseRequest withPicture(String prompt, byte[] picture, Weakening weakening) {
        return new ResponseRequest("row", null, prompt, picture, weakening, null);
    }

    /** File of the data URI in a message's image part. */
    private static byte[] file(JsonNode part, String mediaType) {
        assertThat(part.path("type").asText()).isEqualTo("image_url");
        String url = part.path("image_url").path("url").asText();
        String start = "data:" + mediaType + ";base64,";
        assertThat(url).startsWith(start);
        return Base64.getDecoder().decode(url.substring(start.length()));
    }

    @Test
    void textIsSentWithTheKeyToChatCompletions() throws Exception {
        ChatServer.Received sent = sent(
                new ResponseRequest("row", "be brief", "what <image> is it?", null, null, null), SAMPLING, setup -> {});
        assertThat(sent.path()).isEqualTo("/v1/chat/completions");
        assertThat(sent.authorization()).isEqualTo("Bearer " + ChatSetup.KEY);
        assertThat(sent.body().path("model").asText()).isEqualTo("llava");
        assertThat(sent.body().path("messages"))
                .isEqualTo(
                        ChatSetup.JSON.readTree(
                                """
                        [{"role": "system", "content": "be brief"}, {"role": "user", "content": "what <image> is it?"}]"""));
    }

    @Test
    void noKeyIsSentWhereNoneIsNamed() throws Exception {
        assertThat(sent(text("row"), SAMPLING, setup -> setup.keyVariable = null)
                        .authorization())
                .isNull();
    }

    @Test
    void samplingIsSent() throws Exception {
        JsonNode body = body(
                text("row"),
                GenerationOptions.sampling(64, 0.7, 20, 0.9, 42)
                        .withStopStrings(List.of("###", "USER:"))
                        .withMinTokens(4)
                        .withRepetitionPenalty(1.5));
        assertThat(body.path("temperature").asDouble()).isEqualTo(0.7);
        assertThat(body.path("top_p").asDouble()).isEqualTo(0.9);
        assertThat(body.path("top_k").asInt()).isEqualTo(20);
        assertThat(body.path("max_tokens").asInt()).isEqualTo(64);
        assertThat(body.path("min_tokens").asInt()).isEqualTo(4);
        assertThat(body.path("repetition_penalty").asDouble()).isEqualTo(1.5);
        assertThat(body.path("stop")).isEqualTo(ChatSetup.JSON.readTree("[\"###\", \"USER:\"]"));
    }

    @Test
    void whatOpenAiDoesNotKnowIsLeftOutWhereItIsNotAskedFor() throws Exception {
        assertThat(body(text("row"), GenerationOptions.greedy(8)).fieldNames())
                .toIterable()
                .containsExactlyInAnyOrder("model", "messages", "temperature", "top_p", "max_tokens", "seed");
    }

    @Test
    void seedComesFromRunRowAndAttempt() {
        int seed = RequestBody.seed(SAMPLING, "row");
        assertThat(seed).isPositive().isEqualTo(RequestBody.seed(SAMPLING, "row"));
        assertThat(List.of(
                        seed,
                        RequestBody.seed(SAMPLING, "other"),
                        RequestBody.seed(SAMPLING.withAttempt(1), "row"),
                        RequestBody.seed(GenerationOptions.sampling(64, 0.7, 0, 0.9, 43), "row")))
                .doesNotHaveDuplicates();
    }

    @Test
    void retriesHaveTheSeedOfTheFirstAttempt() throws Exception {
        try (var server = new ChatServer((request, exchange) ->
                        ChatServer.send(exchange, request.number() == 0 ? 500 : 200, completion("a")));
                ChatModel model = ChatSetup.of(server.endpoint()).model()) {
            respond(model);
            assertThat(server.received())
                    .extracting(request -> request.body().path("seed").asInt())
                    .containsExactly(RequestBody.seed(SAMPLING, "row"), RequestBody.seed(SAMPLING, "row"));
        }
    }

    @Test
    void extraFieldsAreAdded() throws Exception {
        JsonNode body = sent(
                        text("row"),
                        SAMPLING,
                        setup -> setup.extra = "{\"chat_template_kwargs\": {\"enable_thinking\": false}}")
                .body();
        assertThat(body.at("/chat_template_kwargs/enable_thinking").isBoolean()).isTrue();
    }

    @ParameterizedTest
    @CsvSource({"png, image/png", "jpg, image/jpeg"})
    void pictureIsSentAsItIsWhereTheMarkStands(String format, String mediaType) throws Exception {
        byte[] picture = picture(format, 40, 30);
        JsonNode parts = body(withPicture("Look:\n<image>\nIs that <image>?", picture, null), SAMPLING)
                .at("/messages/0/content");
        assertThat(parts).hasSize(3);
        assertThat(parts.get(0)).isEqualTo(ChatSetup.JSON.readTree("{\"type\": \"text\", \"text\": \"Look:\"}"));
        assertThat(file(parts.get(1), mediaType)).isEqualTo(picture);
        assertThat(parts.get(2))
                .isEqualTo(ChatSetup.JSON.readTree("{\"type\": \"text\", \"text\": \"Is that <image>?\"}"));
    }

    @Test
    void pictureWithoutAMarkStandsFirst() throws Exception {
        JsonNode parts = body(withPicture("What is it?", picture("png", 8, 8), null), SAMPLING)
                .at("/messages/0/content");
        assertThat(parts.findValuesAsText("type")).containsExactly("image_url", "text");
    }

    @Test
    void otherFormatsAreSentAsPng() throws Exception {
        JsonNode parts = body(withPicture("<image>\nWhat is it?", picture("bmp", 40, 30), null), SAMPLING)
                .at("/messages/0/content");
        BufferedImage expected = ImageIO.read(new ByteArrayInputStream(picture("bmp", 40, 30)));
        BufferedImage sent = ImageIO.read(new ByteArrayInputStream(file(parts.get(0), "image/png")));
        assertThat(pixels(sent)).isEqualTo(pixels(expected));
    }

    private static int[] pixels(BufferedImage image) {
        return image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth());
    }

    @Test
    void weakenedPictureShowsTheNoisedPixels() throws Exception {
        byte[] picture = picture("png", 500, 400);
        var weakening = new Weakening(400, 42, 1);
        JsonNode parts = body(withPicture("<image>\nWhat is it?", picture, weakening), SAMPLING)
                .at("/messages/0/content");
        BufferedImage sent = ImageIO.read(new ByteArrayInputStream(file(parts.get(0), "image/png")));
        assertThat(sent.getWidth()).isEqualTo(EDGE);
        assertThat(sent.getHeight()).isEqualTo(EDGE);

        float[] clean = ClipPreprocessor.clip(EDGE).apply(rgb(picture));
        float[] noised = DiffusionNoise.bpo().noised(clean, 400, 42, "row", 1);
        int clipped = 0;
        for (int i = 0; i < noised.length; i++) {
            int channel = i / (EDGE * EDGE);
            int at = i % (EDGE * EDGE);
            int sample = sent.getRGB(at % EDGE, at / EDGE) >> (16 - 8 * channel) & 255;
            double exact = 255 * (noised[i] * STD[channel] + MEAN[channel]);
            assertThat((double) sample)
                    .isBetween(Math.max(0, Math.min(255, exact)) - 0.51, Math.max(0, Math.min(255, exact)) + 0.51);
            clipped += exact < 0 || exact > 255 ? 1 : 0;
        }
        // else the noise is too weak to show that samples are clipped and do not wrap around
        assertThat(clipped).isGreaterThan(1000);
    }

    private static final double[] MEAN = {0.48145466, 0.4578275, 0.40821073};
    private static final double[] STD = {0.26862954, 0.26130258, 0.27577711};

    private static RgbImage rgb(byte[] png) throws Exception {
        BufferedImage image = ImageIO.read(new ByteArrayInputStream(png));
        byte[] rgb = new byte[3 * image.getWidth() * image.getHeight()];
        int at = 0;
        for (int pixel : pixels(image)) {
            rgb[at++] = (byte) (pixel >> 16);
            rgb[at++] = (byte) (pixel >> 8);
            rgb[at++] = (byte) pixel;
        }
        return new RgbImage(image.getWidth(), image.getHeight(), rgb);
    }

    @Test
    void weakenedPictureIsTheSameForSeedRowAndAttempt() throws Exception {
        byte[] picture = picture("png", 60, 60);
        var pictures = new Pictures(32, RgbConversion.TRANSFORMERS);
        String first = pictures.dataUri(withPicture("<image>", picture, new Weakening(300, 42, 0)));
        assertThat(pictures.dataUri(withPicture("<image>", picture, new Weakening(300, 42, 0))))
                .isEqualTo(first);
        assertThat(pictures.dataUri(withPicture("<image>", picture, new Weakening(300, 42, 1))))
                .isNotEqualTo(first);
        assertThat(pictures.dataUri(withPicture("<image>", picture, new Weakening(300, 43, 0))))
                .isNotEqualTo(first);
        assertThat(pictures.dataUri(withPicture("<image>", picture, new Weakening(301, 42, 0))))
                .isNotEqualTo(first);
    }

    @Test
    void brokenPictureIsTheRowsFaultAndAsksNoServer() throws Exception {
        byte[] cut = java.util.Arrays.copyOf(picture("bmp", 40, 30), 200);
        try (var server = ChatServer.echo();
                ChatModel model = ChatSetup.of(server.endpoint()).model()) {
            List<Outcome> outcomes = model.respond(
                    List.of(
                            withPicture("<image>", "no picture".getBytes(), null),
                            new ResponseRequest("cut", null, "<image>", cut, null, null),
                            text("b")),
                    SAMPLING);
            assertThat(((Failure) outcomes.get(0)).reason()).isEqualTo(Reason.NOT_AN_IMAGE);
            assertThat(((Failure) outcomes.get(1)).reason()).isEqualTo(Reason.IMAGE_TRUNCATED);
            assertThat(outcomes.get(2)).isInstanceOf(Reply.class);
            assertThat(server.received()).hasSize(1);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "JSON_SCHEMA | {\"type\":\"json_schema\",\"json_schema\":{\"name\":\"answer\",\"strict\":true,\"schema\":{\"type\":\"object\"}}}",
                "JSON_OBJECT | {\"type\":\"json_object\"}",
                "NONE | "
            })
    void schemaIsAskedForAsConfigured(Structured structured, String format) throws Exception {
        JsonNode body = sent(
                        new ResponseRequest("row", null, "say", null, null, "{\"type\":\"object\"}"),
                        SAMPLING,
                        setup -> setup.structured = structured)
                .body();
        assertThat(body.get("response_format")).isEqualTo(format == null ? null : ChatSetup.JSON.readTree(format));
    }

    @Test
    void contrastIsRefused() throws Exception {
        try (var server = ChatServer.echo();
                ChatModel model = ChatSetup.of(server.endpoint()).model()) {
            for (Contrast.Direction direction : Contrast.Direction.values()) {
                GenerationOptions options = SAMPLING.withContrast(new Contrast(direction, 1, 0.1));
                if (direction == Contrast.Direction.NOISED) {
                    assertThat(model.respond(List.of(text("a")), options)).hasSize(1);
                } else {
                    assertThatThrownBy(() -> model.respond(List.of(text("a")), options))
                            .isInstanceOf(IllegalArgumentException.class)
                            .hasMessageContaining(direction.code())
                            .hasMessageContaining("logits");
                }
            }
            assertThat(server.received()).hasSize(1);
        }
    }

    @Test
    void idsMustDiffer() throws Exception {
        try (var server = ChatServer.echo();
                ChatModel model = ChatSetup.of(server.endpoint()).model()) {
            assertThatThrownBy(() -> model.respond(List.of(text("a"), text("a")), SAMPLING))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThat(model.respond(List.of(), SAMPLING)).isEmpty();
        }
    }

    private static Outcome answered(String body) throws Exception {
        try (var server = new ChatServer((request, exchange) -> ChatServer.send(exchange, 200, body));
                ChatModel model = ChatSetup.of(server.endpoint()).model()) {
            return respond(model);
        }
    }

    private static String choice(String choice) {
        return "{\"choices\": [" + choice + "]}";
    }

    @Test
    void finishReasonAndUsageAreTaken() throws Exception {
        assertThat(answered(completion("a dog", "stop"))).isEqualTo(new Reply("a dog", "stop", 11, 3));
        assertThat(answered(completion("a d", "length"))).isEqualTo(new Reply("a d", "length", 11, 3));
    }

    @Test
    void whatServersLeaveOutHasADefault() throws Exception {
        assertThat(answered(choice("{\"message\": {\"content\": \"a\"}, \"finish_reason\": null}")))
                .isEqualTo(new Reply("a", "stop", 0, 0));
        assertThat(answered(choice("{\"message\": {\"content\": \"a\"}}"))).isEqualTo(new Reply("a", "stop", 0, 0));
    }

    @Test
    void emptyAnswerIsAnAnswer() throws Exception {
        assertThat(answered(choice("{\"message\": {\"content\": null, \"reasoning_content\": \"hm\"}}")))
                .isEqualTo(new Reply("", "stop", 0, 0));
    }

    @Test
    void reasoningIsIgnoredAndPartsAreJoined() throws Exception {
        assertThat(
                        answered(
                                choice(
                                        """
                        {"message": {"reasoning_content": "hm",
                          "content": [{"type": "text", "text": "a "}, {"type": "text", "text": "dog"}]}}""")))
                .isEqualTo(new Reply("a dog", "stop", 0, 0));
    }

    @Test
    void refusalsAreFailures() throws Exception {
        assertThat(((Failure) answered(completion("", "content_filter"))).reason())
                .isEqualTo(Reason.REFUSED);
        assertThat(answered(choice("{\"message\": {\"content\": null, \"refusal\": \"I cannot.\"}}")))
                .isEqualTo(new Failure(Reason.REFUSED, "the server declined: I cannot."));
        Failure tools = (Failure) answered(completion("", "tool_calls"));
        assertThat(tools.reason()).isEqualTo(Reason.GENERATION_FAILED);
        assertThat(tools.message()).contains("tool_calls");
    }
}
