package org.ballast.spark.io;

import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.FileStatus;

/**
 * README.md of a stage: what it is, and the header by which Hugging Face {@code load_dataset} finds tables and splits.
 * Split names there may hold no hyphen, so {@code compositional-val} is {@code compositional_val} to its readers.
 */
final class DataCard {
    /** Name under which a table without splits is loaded. */
    private static final String WHOLE = "full";
    /** A tar of one split among others. */
    private static final Pattern SHARD = Pattern.compile("(.+)-\\d{6,}\\.tar");

    private static final Pattern ARRAY = Pattern.compile("(.+)\\.json");

    private DataCard() {}

    static String of(Manifest manifest, StageFolder stage) {
        TreeMap<String, TreeMap<String, String>> tables = tables(stage);
        StringBuilder card = new StringBuilder("---\n");
        if (!tables.isEmpty()) {
            card.append("configs:\n");
        }
        tables.forEach((table, splits) -> {
            card.append("- config_name: ").append(table).append("\n  data_files:\n");
            splits.forEach((split, files) -> {
                card.append("  - split: ").append(split.replaceAll("\\W", "_")).append('\n');
                card.append("    path: \"")
                        .append(table)
                        .append('/')
                        .append(files)
                        .append("\"\n");
            });
        });
        RunHeader run = manifest.run();
        card.append("---\n\n# ").append(run.stage()).append("\n\n");
        card.append(
                "Written by the Ballast job `%s` (code %s), run `%s` of %s. Configuration, inputs and figures: `manifest.json`.\n\n"
                        .formatted(run.job(), manifest.codeVersion(), run.runId(), run.startedAt()));
        card.append("Rows: %d in, %d out, %d quarantined.\n"
                .formatted(
                        manifest.rows().in(),
                        manifest.rows().out(),
                        manifest.rows().quarantined()));
        if (!tables.isEmpty()) {
            card.append("\n| Table | Splits |\n|---|---|\n");
            tables.forEach((table, splits) -> card.append("| `%s` | %s |\n"
                    .formatted(
                            table, splits.keySet().equals(Set.of(WHOLE)) ? "" : String.join(", ", splits.keySet()))));
        }
        card.append(ClassSection.of(manifest.metrics()));
        return card.toString();
    }

    /** Tables with the pattern of each split's files: Parquet, tar shards or a JSON array. */
    private static TreeMap<String, TreeMap<String, String>> tables(StageFolder stage) {
        TreeMap<String, TreeMap<String, String>> tables = new TreeMap<>();
        for (FileStatus table : stage.files().list(stage.path())) {
            String name = table.getPath().getName();
            if (!table.isDirectory() || name.startsWith("_") || name.startsWith(".")) {
                continue;
            }
            TreeMap<String, String> splits = new TreeMap<>();
            for (FileStatus entry : stage.files().list(table.getPath())) {
                files(entry, name, splits);
            }
            if (!splits.isEmpty()) {
                tables.put(name, splits);
            }
        }
        return tables;
    }

    private static void files(FileStatus entry, String table, TreeMap<String, String> splits) {
        String file = entry.getPath().getName();
        Matcher shard = SHARD.matcher(file);
        Matcher array = ARRAY.matcher(file);
        if (entry.isDirectory()) {
            if (file.startsWith(Table.SPLIT + "=")) {
                splits.put(file.substring(Table.SPLIT.length() + 1), file + "/*.parquet");
            }
        } else if (file.endsWith(".parquet")) {
            splits.put(WHOLE, "*.parquet");
        } else if (shard.matches() && !table.equals(Table.IMAGES.name())) {
            // pictures that JSON names are no rows of their own
            splits.put(shard.group(1), shard.group(1) + "-" + "[0-9]".repeat(6) + ".tar");
        } else if (array.matches()) {
            splits.put(array.group(1), file);
        }
    }
}
