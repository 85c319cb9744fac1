package org.ballast.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The examples of {@code docs/schedules}: what a scheduler would do with each. */
class SchedulesIT {
    private static final Path SCHEDULES = Repository.ROOT.resolve("docs/schedules");
    private static final int MOST_MINUTES = 8;
    private static final Pattern CRON_LINE = Pattern.compile("(?:[-0-9*,/]+ ){5}(.*)");

    @TempDir
    static Path folder;

    @Test
    void airflowLoadsTheDag() throws Exception {
        Path dag = SCHEDULES.resolve("ballast_nightly.py");
        assumeTrue(Python.has("sys"), "nobody has compiled the DAG");
        Path compiled = folder.resolve("compiled");
        assertThat(Python.run(
                        compiled,
                        "-c",
                        "import sys; compile(open(sys.argv[1]).read(), sys.argv[1], 'exec')",
                        dag.toString()))
                .as("%s", Files.readString(Path.of(compiled + ".err")))
                .isZero();

        String airflow = System.getenv("BALLAST_AIRFLOW_PYTHON");
        if (airflow == null) {
            System.err.println(
                    "SKIPPED: the DAG was compiled, but not loaded. Set BALLAST_AIRFLOW_PYTHON to a Python with Airflow.");
        }
        assumeTrue(airflow != null, "nobody has loaded the DAG");
        Path report = folder.resolve("dag.json");
        assertThat(Python.run(airflow, report, Python.script("check_dag.py"), SCHEDULES.toString()))
                .as("%s", Files.readString(Path.of(report + ".err")))
                .isZero();
        JsonNode task = new ObjectMapper().readTree(report.toFile()).at("/ballast_nightly/pipeline");
        assertThat(task.path("operator").asText()).isEqualTo("SparkSubmitOperator");
        assertThat(task.path("java_class").asText()).isEqualTo(org.ballast.jobs.Main.class.getName());
        assertThat(task.path("arguments"))
                .hasToString(
                        "[\"pipeline\",\"--conf\",\"/etc/ballast/nightly.conf\",\"--set\",\"stages.data.window={{ ds }}\"]");
        assertThat(task.path("retries").asInt()).isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource({
        "spark-application.yaml, SparkApplication, /spec",
        "scheduled-spark-application.yaml, ScheduledSparkApplication, /spec/template"
    })
    void kubernetesKnowsEveryField(String file, String kind, String spec) throws IOException {
        YAMLMapper yaml = new YAMLMapper();
        JsonNode resource = yaml.readTree(SCHEDULES.resolve(file).toFile());
        JsonNode types = yaml.readTree(SchedulesIT.class.getResource("/spark-application-fields.yaml"));
        assertThat(resource.path("apiVersion").asText()).isEqualTo("sparkoperator.k8s.io/v1beta2");
        assertThat(resource.path("kind").asText()).isEqualTo(kind);
        assertThat(resource.at("/metadata/name").asText()).matches("[a-z0-9]([-a-z0-9]*[a-z0-9])?");
        check(file, kind, resource, types);
        JsonNode application = resource.at(spec);
        assertThat(application.path("mainClass").asText()).isEqualTo(org.ballast.jobs.Main.class.getName());
        assertThat(application.path("arguments"))
                .hasToString("[\"pipeline\",\"--conf\",\"/etc/ballast/nightly.conf\"]");
        assertThat(Files.readString(Repository.ROOT.resolve("pom.xml")))
                .contains("<spark.version>" + application.path("sparkVersion").asText() + "</spark.version>");
    }

    @Test
    void bothKubernetesResourcesRunTheSame() throws IOException {
        YAMLMapper yaml = new YAMLMapper();
        assertThat(yaml.readTree(SCHEDULES
                                .resolve("scheduled-spark-application.yaml")
                                .toFile())
                        .at("/spec/template"))
                .isEqualTo(yaml.readTree(
                                SCHEDULES.resolve("spark-application.yaml").toFile())
                        .at("/spec"));
    }

    /** Fields, types and what must be there, as the table of types has it. */
    private static void check(String at, String type, JsonNode object, JsonNode types) {
        assertThat(types.has(type)).as("type %s", type).isTrue();
        assertThat(object.isObject()).as(at).isTrue();
        types.get(type).fields().forEachRemaining(field -> {
            if (field.getValue().asText().contains("!")) {
                assertThat(object.has(field.getKey()))
                        .as("%s.%s", at, field.getKey())
                        .isTrue();
            }
        });
        object.fields().forEachRemaining(field -> {
            String place = at + "." + field.getKey();
            String expected = types.get(type).path(field.getKey()).asText().replace("!", "");
            JsonNode value = field.getValue();
            assertThat(expected).as("%s is no field of %s", place, type).isNotEmpty();
            if (expected.startsWith("enum ")) {
                assertThat(List.of(expected.substring(5).split(" "))).as(place).contains(value.textValue());
                return;
            }
            switch (expected) {
                case "any" -> assertThat(value.isContainerNode()).as(place).isTrue();
                case "string" -> assertThat(value.isTextual()).as(place).isTrue();
                case "integer" -> assertThat(value.isIntegralNumber()).as(place).isTrue();
                case "boolean" -> assertThat(value.isBoolean()).as(place).isTrue();
                case "strings" -> assertThat(value).as(place).isNotEmpty().allMatch(JsonNode::isTextual);
                case "map" -> assertThat(value.isObject()).as(place).isTrue();
                default -> check(place, expected, value, types);
            }
            if (expected.equals("map")) {
                assertThat(value).as("%s: values are text", place).allMatch(JsonNode::isTextual);
            }
        });
    }

    @Test
    void cronsCommandRunsAndPassesOnWhatCameOfIt() throws Exception {
        Path sample = Files.createDirectory(folder.resolve("sample"));
        Sample.tiny(sample);
        Path root = folder.resolve("root");
        Path configuration = configuration(sample, root, "0.01");

        Run first = cron(configuration);
        assertThat(first.exit()).as(first.output()).isZero();
        assertThat(states(first)).containsOnlyKeys("data", "hf", "webdataset", "bpo", "llama-factory");
        assertThat(states(first).values()).containsOnly("done");
        assertThat(Stored.table(root, "hf", "prompts").count()).isEqualTo(Sample.TRAIN + Sample.HELD_OUT);
        assertThat(root.resolve("webdataset/prompts/train-000000.tar")).isNotEmptyFile();
        assertThat(root.resolve("webdataset/prompts/train-000001.tar")).isNotEmptyFile();
        assertThat(new ObjectMapper()
                        .readTree(root.resolve("bpo/bpo/train.json").toFile()))
                .hasSize(Sample.TRAIN);
        assertThat(root.resolve("bpo/images/images-000000.tar")).isNotEmptyFile();
        assertThat(root.resolve("llama-factory/dataset_info.json")).content().contains("llama-factory_train");

        Run second = cron(configuration);
        assertThat(second.exit()).as(second.output()).isZero();
        assertThat(states(second).values()).containsOnly("up-to-date");

        // one row of the sample has no picture
        Run failing = cron(configuration(sample, folder.resolve("failing"), "0"));
        assertThat(failing.exit()).as(failing.output()).isEqualTo(1);
        assertThat(failing.output()).contains("image-missing");
    }

    @Test
    void cronLeavesARunThatIsStillAtItAlone() throws Exception {
        Path lock = folder.resolve("lock");
        Process holder = new ProcessBuilder("flock", lock.toString(), "sleep", "120").start();
        try {
            while (holder.isAlive()
                    && new ProcessBuilder("flock", "-n", lock.toString(), "true")
                                    .start()
                                    .waitFor()
                            == 0) {
                Thread.sleep(5);
            }
            assertThat(cron(folder.resolve("none.conf")).exit()).isEqualTo(75);
        } finally {
            holder.descendants().forEach(ProcessHandle::destroyForcibly);
            holder.destroyForcibly();
        }
    }

    private static Path configuration(Path sample, Path root, String maxFailureRate) throws IOException {
        String text = Files.readString(Sample.configuration(sample, "nightly.conf"))
                .replace("\"ROOT\"", "\"" + root + "\"")
                .replace("max-failure-rate = 0.01", "max-failure-rate = " + maxFailureRate);
        return Files.writeString(sample.resolve("nightly-" + maxFailureRate + ".conf"), text);
    }

    private static Map<String, String> states(Run run) throws IOException {
        String result =
                run.output().lines().filter(line -> line.startsWith("{")).reduce("", (a, b) -> b);
        Map<String, String> states = new TreeMap<>();
        new ObjectMapper()
                .readTree(result)
                .path("stages")
                .fields()
                .forEachRemaining(stage -> states.put(
                        stage.getKey(), stage.getValue().path("state").asText()));
        return states;
    }

    /** @param output of both streams, as the line puts it into its log */
    private record Run(int exit, String output) {}

    /** Runs the line's command as cron does: by the shell, with the variables that the table sets; only its paths are others. */
    private static Run cron(Path configuration) throws IOException, InterruptedException {
        Path log = Files.createTempFile(folder, "cron", ".log");
        String command = null;
        ProcessBuilder builder = new ProcessBuilder();
        builder.environment().keySet().removeAll(List.of("SPARK_HOME", "BALLAST_MASTER", "BALLAST_DRIVER_MEMORY"));
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        builder.environment().put("SPARK_LOCAL_IP", "127.0.0.1");
        for (String line : Files.readAllLines(SCHEDULES.resolve("ballast.crontab"))) {
            Matcher entry = CRON_LINE.matcher(line);
            if (entry.matches()) {
                assertThat(command).as("one line").isNull();
                command = entry.group(1);
                assertThat(command).as("cron ends a command at a percent sign").doesNotContain("%");
            } else if (!line.isBlank() && !line.startsWith("#")) {
                String[] variable = line.split("=", 2);
                builder.environment().put(variable[0], variable[1]);
            }
        }
        assertThat(command)
                .contains(
                        "/var/lock/ballast.lock", "/opt/ballast", "/etc/ballast/nightly.conf", "/var/log/ballast.log");
        builder.command(
                builder.environment().get("SHELL"),
                "-c",
                command.replace("/var/lock/ballast.lock", folder.resolve("lock").toString())
                        .replace("/opt/ballast", Repository.ROOT.toString())
                        .replace("/etc/ballast/nightly.conf", configuration.toString())
                        .replace("/var/log/ballast.log", log.toString()));
        Process process = builder.redirectErrorStream(true).start();
        process.getInputStream().transferTo(java.io.OutputStream.nullOutputStream());
        try {
            assertThat(process.waitFor(MOST_MINUTES, TimeUnit.MINUTES)).isTrue();
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
        return new Run(process.exitValue(), Files.readString(log));
    }
}
