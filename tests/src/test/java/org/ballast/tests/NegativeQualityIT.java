package org.ballast.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.spark.sql.Row;
import org.ballast.core.negative.QualityControl;
import org.ballast.core.negative.QualityRule;
import org.ballast.core.negative.QualityRules;
import org.junit.jupiter.api.Test;

/** Negatives under rules: nothing that breaks one is stored, and a rejected attempt is made again. */
final class NegativeQualityIT {
    private static final Set<QualityRule> RULES = Set.of(
            QualityRule.LENGTH_RATIO, QualityRule.REPETITION, QualityRule.NEARLY_POSITIVE, QualityRule.NOT_WRONG);

    private static Path run(TinyRun tiny, String name, int attempts) throws Exception {
        Path root = tiny.rootWith(name, "shard-instruct", "sft");
        Submit.Outcome outcome = Submit.run(TinyRun.arguments(
                "negatives",
                tiny.preference(),
                root,
                "local[2]",
                "--quality.rules",
                "["
                        + String.join(
                                ", ",
                                RULES.stream().map(QualityRule::code).sorted().toList()) + "]",
                "--quality.length-ratio.least",
                "0.7",
                "--quality.length-ratio.most",
                "1.5",
                "--quality.attempts",
                Integer.toString(attempts),
                "--max-failure-rate",
                "1"));
        assertThat(outcome.exit()).as(outcome.errors()).isZero();
        return root;
    }

    /** Completion ids by prompt and type. */
    private static Map<String, String> accepted(Path root) {
        Map<String, String> accepted = new TreeMap<>();
        for (Row row : Stored.table(root, "negatives", "completions").collectAsList()) {
            String attempt = row.<String>getAs("prompt_id") + " " + row.<String>getAs("type");
            assertThat(accepted.put(attempt, row.getAs("completion_id")))
                    .as("second of %s", attempt)
                    .isNull();
        }
        return accepted;
    }

    @Test
    void rejectedOnesAreTriedAgainAndNoneIsStored() throws Exception {
        TinyRun tiny = TinyRun.get();
        Path once = run(tiny, "quality-1", 1);
        Path thrice = run(tiny, "quality-3", 3);

        Map<String, String> first = accepted(once);
        Map<String, String> more = accepted(thrice);
        assertThat(more).as("what was good at first stays").containsAllEntriesOf(first);
        assertThat(more.size()).as("of %d at first", first.size()).isGreaterThan(first.size());

        var control = new QualityControl(new QualityRules(RULES, List.of(), 0.7, 1.5, 0.8, 3));
        Map<String, Row> prompts = new HashMap<>();
        Stored.table(thrice, "shard-instruct", "prompts")
                .collectAsList()
                .forEach(row -> prompts.put(row.getAs("prompt_id"), row));
        Map<String, String> right = new HashMap<>();
        Map<String, List<String>> known = new HashMap<>();
        for (Row row : Stored.table(thrice, "shard-instruct", "completions").collectAsList()) {
            Row prompt = prompts.get(row.<String>getAs("prompt_id"));
            right.put(row.getAs("prompt_id"), row.getAs("response"));
            known.computeIfAbsent(prompt.getAs("image_id") + " " + prompt.getAs("prompt"), key -> new ArrayList<>())
                    .add(row.getAs("response"));
        }
        for (Row row : Stored.table(thrice, "negatives", "completions").collectAsList()) {
            Row prompt = prompts.get(row.<String>getAs("prompt_id"));
            assertThat(control.judge(
                            row.getAs("response"),
                            false,
                            new QualityControl.Against(
                                    prompt.getAs("prompt"),
                                    right.get(row.<String>getAs("prompt_id")),
                                    List.of(),
                                    known.getOrDefault(
                                            prompt.getAs("image_id") + " " + prompt.getAs("prompt"), List.of()))))
                    .as("%s", row)
                    .isEmpty();
        }

        Map<String, Long> types = new TreeMap<>();
        more.keySet().forEach(attempt -> types.merge(attempt.substring(attempt.lastIndexOf(' ') + 1), 1L, Long::sum));
        JsonNode accounts =
                Stored.json(thrice.resolve("negatives/metrics.json")).path("types");
        assertThat(accounts.fieldNames()).toIterable().containsExactlyElementsOf(types.keySet());
        types.forEach((type, count) -> {
            assertThat(accounts.path(type).path("accepted").asLong()).as(type).isEqualTo(count);
            JsonNode ratio = accounts.path(type).path("lengthRatio");
            assertThat(ratio.path("p10").asDouble()).isGreaterThanOrEqualTo(0.7);
            assertThat(ratio.path("p90").asDouble()).isLessThanOrEqualTo(1.5);
        });

        Map<String, Long> reasons = new TreeMap<>();
        Stored.table(thrice, "negatives", "quarantine")
                .collectAsList()
                .forEach(row -> reasons.merge(row.getAs("reason"), 1L, Long::sum));
        assertThat(reasons).containsKey("length-ratio");
        long attempts =
                Stored.manifest(thrice, "negatives").path("rows").path("in").asLong();
        assertThat(more.size()
                        + reasons.values().stream().mapToLong(Long::longValue).sum())
                .isEqualTo(attempts);
    }
}
