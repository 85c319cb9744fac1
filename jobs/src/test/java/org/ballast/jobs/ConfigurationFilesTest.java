package org.ballast.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigValue;
import java.io.File;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.ballast.core.config.RunConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigurationFilesTest {
    @Test
    void everyKeyOfTheReferenceIsExplained() {
        List<String> unexplained = new ArrayList<>();
        collect(RunConfig.reference().root(), "", unexplained);
        assertThat(unexplained).isEmpty();
    }

    private static void collect(ConfigObject object, String prefix, List<String> unexplained) {
        for (Map.Entry<String, ConfigValue> entry : object.entrySet()) {
            if (entry.getValue() instanceof ConfigObject inner) {
                collect(inner, prefix + entry.getKey() + ".", unexplained);
            } else if (entry.getValue().origin().comments().isEmpty()) {
                unexplained.add(prefix + entry.getKey());
            }
        }
    }

    @Test
    void everyJobHoldsALeaseOnItsOutput() {
        for (Job job : Pipeline.jobs()) {
            assertThat(RunConfig.reference().getInt(job.name() + ".execution.lease-seconds"))
                    .as(job.name())
                    .isEqualTo(60);
        }
    }

    @Test
    void everyJobHasItsSettingsAndEverySettingItsJob() {
        assertThat(RunConfig.jobs(RunConfig.reference()))
                .containsExactlyInAnyOrderElementsOf(
                        Pipeline.jobs().stream().map(Job::name).toList());
    }

    @ParameterizedTest
    @ValueSource(strings = {"sample.conf", "openmmlo.conf", "llava-1.5-7b.conf"})
    void configurationsThatAreShippedAreComplete(String name) {
        Pipeline pipeline = Pipeline.of(Pipeline.NAME, null, new File("../conf", name), Map.of(), Map.of(), false);
        assertThat(pipeline).isNotNull();
    }
}
