package org.ballast.core.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChatOptionsTest {
    private static final URI ENDPOINT = URI.create("http://host:8000/v1");

    @Test
    void optionsTravelWithoutTheKey() throws Exception {
        ChatOptions options = ChatSetup.of(ENDPOINT).options();
        var bytes = new ByteArrayOutputStream();
        try (var out = new ObjectOutputStream(bytes)) {
            out.writeObject(options);
        }
        assertThat(bytes.toString(StandardCharsets.ISO_8859_1)).doesNotContain(ChatSetup.KEY);
        try (var in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            assertThat(in.readObject()).isEqualTo(options);
        }
        assertThat(options.toString()).contains(ChatSetup.VARIABLE).doesNotContain(ChatSetup.KEY);
    }

    @Test
    void keyShowsNowhere() {
        ServerKey key = ServerKey.read(ChatSetup.VARIABLE, Map.of(ChatSetup.VARIABLE, ChatSetup.KEY + "\n")::get);
        assertThat(key.authorization()).isEqualTo("Bearer " + ChatSetup.KEY);
        assertThat(key.toString() + key.origin()).contains(ChatSetup.VARIABLE).doesNotContain(ChatSetup.KEY);
        assertThat(key.shown("a" + ChatSetup.KEY + "\r\n b", 100)).isEqualTo("a*** b");
        // cut after it is blacked out, so that no part of it is left at the end
        assertThat(key.shown("a".repeat(95) + ChatSetup.KEY, 100)).isEqualTo("a".repeat(95) + "***");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "  ", "sk-a\nb", "sk-ä"})
    void unusableKeyIsNotShown(String value) {
        assertThatThrownBy(() -> ServerKey.read("A_KEY", Map.of("A_KEY", value)::get))
                .isInstanceOf(ModelServerException.class)
                .hasMessageContaining("A_KEY")
                .hasMessageNotContaining("sk-");
    }

    @Test
    void missingKeyIsNamedWhenTheModelIsOpened() {
        ChatSetup setup = ChatSetup.of(ENDPOINT);
        setup.keyVariable = "NO_SUCH_VARIABLE_FOR_SURE";
        assertThatThrownBy(setup::model)
                .isInstanceOf(ModelServerException.class)
                .hasMessageContaining("NO_SUCH_VARIABLE_FOR_SURE");
    }

    @Test
    void keyInPlaceOfItsVariableIsRefusedAndNotShown() {
        ChatSetup setup = ChatSetup.of(ENDPOINT);
        setup.keyVariable = ChatSetup.KEY;
        assertThatThrownBy(setup::options)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("keyVariable")
                .hasMessageNotContaining(ChatSetup.KEY);
    }

    @Test
    void credentialsInAnAddressAreRefusedAndNotShown() {
        assertThatThrownBy(() -> ChatSetup.of(URI.create("http://user:pass@host:8000/v1"))
                        .options())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("host")
                .hasMessageNotContaining("pass@");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"host:8000", "ftp://host/v1", "http:///v1", "http://host/v1?key=1", "http://host/v1#a", "/v1"})
    void addressMustBeOfAServer(String address) {
        assertThatThrownBy(() -> ChatSetup.of(URI.create(address)).options())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("http://host:8000/v1");
    }

    @Test
    void slashAtTheEndChangesNothing() {
        assertThat(ChatSetup.of(URI.create(ENDPOINT + "/")).options().endpoints())
                .containsExactly(ENDPOINT);
        assertThatThrownBy(
                        () -> ChatSetup.of(ENDPOINT, URI.create(ENDPOINT + "/")).options())
                .hasMessageContaining("different");
    }

    private static void assertRefused(Consumer<ChatSetup> change, String named) {
        ChatSetup setup = ChatSetup.of(ENDPOINT);
        change.accept(setup);
        assertThatThrownBy(setup::options)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(named);
    }

    @Test
    void valuesOutOfRangeAreRefused() {
        assertRefused(setup -> setup.endpoints.clear(), "endpoints");
        assertRefused(setup -> setup.perProcess = 0, "perProcess");
        assertRefused(setup -> setup.perEndpoint = 0, "perEndpoint");
        assertRefused(setup -> setup.request = Duration.ZERO, "request");
        assertRefused(setup -> setup.answerBytes = 0, "answerBytes");
        assertRefused(setup -> setup.faults = -1, "faults");
        assertRefused(setup -> setup.most = setup.first, "most");
        assertRefused(setup -> setup.failures = 0, "failures");
        assertRefused(setup -> setup.outage = setup.request, "outage");
        assertRefused(setup -> setup.extra = "[]", "extra");
        assertRefused(setup -> setup.extra = "{", "extra");
        assertRefused(setup -> setup.extra = "{\"seed\": 1}", "seed");
    }
}
