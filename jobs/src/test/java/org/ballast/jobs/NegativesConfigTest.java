package org.ballast.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.ballast.core.config.RunConfig;
import org.ballast.core.config.StageConfig;
import org.ballast.jobs.negatives.NegativesJob;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the job negatives says of settings before Spark starts, and what tells one stage from another. */
class NegativesConfigTest {
    private static final String SERVERS =
            "inputs.data = d, weaken.enabled = false, retrieve.enabled = false, inject.enabled = true, chat { endpoints = [\"http://a:1/v1\"], model = m }";

    private static StageConfig stage(String settings) {
        Config config = ConfigFactory.parseString(settings)
                .withFallback(RunConfig.reference().getConfig("negatives"));
        return new StageConfig("n", "negatives", config, 1);
    }

    private static Task task(String settings) {
        return new NegativesJob().configure(stage(settings), new RunConfig("out", 17, List.of()));
    }

    private static Map<String, String> digests(String settings) throws Exception {
        return task(settings).externalInputs(new Configuration());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "inputs.data = d | inputs.model names no stage",
                "inputs.data = d, weaken.enabled = false, retrieve.enabled = false | there is nothing to do",
                "inputs.data = d, inputs.model = m, weaken.share = 0 | weaken.share is 0.0",
                "inputs.data = d, inputs.model = m, weaken.step = [900, 500] | weaken.step is [900, 500]",
                "inputs.data = d, inputs.model = m, weaken.step = [1, 2, 3] | weaken.step is [1, 2, 3]",
                "inputs.data = d, weaken.backend = chat | chat.endpoints names none",
                "inputs.data = d, weaken { backend = chat, direction = noised-minus-clean } | needs the logits of both pictures",
                "inputs.data = d, inputs.model = m, inject.prompts.question = none | prompts.question does not hold {response}",
                "inputs.data = d, inputs.model = m, quality.similarity { least = 0.9, most = 0.1 } | similarity.least is 0.9",
                "inputs.data = d, inputs.model = m, retrieve.similarity { least = 0.9, most = 0.9 } | similarity.least is 0.9",
                "inputs.data = d, inputs.model = m, chat.key-variable = sk-abc | must be the name of an environment variable"
            })
    void wrongSettingsAreNamed(String settings, String message) {
        assertThatThrownBy(() -> task(settings)).hasMessageContaining(message);
    }

    @Test
    void aKeyPutInByMistakeIsNotRepeated() {
        assertThatThrownBy(() -> task("inputs.data = d, inputs.model = m, chat.key-variable = sk-abc"))
                .hasMessageNotContaining("sk-abc");
        assertThatThrownBy(() -> task(SERVERS.replace("//a", "//user:hush@a"))).hasMessageNotContaining("hush");
    }

    @Test
    void otherServersAreNotOtherNegatives() throws Exception {
        assertThat(digests(SERVERS
                        + ", chat { endpoints = [\"http://b:1/v1\"], concurrency = 3 }, max-failure-rate = 0.5"))
                .isEqualTo(digests(SERVERS));
        assertThat(digests(SERVERS + ", chat.model = other")).isNotEqualTo(digests(SERVERS));
        assertThat(digests(SERVERS + ", inject.temperature = 0.1")).isNotEqualTo(digests(SERVERS));
        assertThat(task(SERVERS).outsideSettings()).contains("chat", "inject", "max-failure-rate");
    }
}
