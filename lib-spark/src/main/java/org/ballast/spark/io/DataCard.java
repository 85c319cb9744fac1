package org.ballast.spark.io;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;

/**
 * README.md of a stage: what it is, and the header by which Hugging Face {@code load_dataset} finds tables and splits.
 * Split names there may hold no hyphen, so {@code compositional-val} is {@code compositional_val} to its readers.
 */
final class DataCard {
    /** Name under which a table without splits is loaded. */
    private static final String WHOLE = "full";

    private DataCard() {}

    static String of(Manifest manifest, StageFolder stage) {
        TreeMap<String, List<String>> tables = tables(stage);
        StringBuilder card = new StringBuilder("---\n");
        if (!tables.isEmpty()) {
            card.append("configs:\n");
        }
        tables.forEach((table, splits) -> {
            card.append("- config_name: ").append(table).append("\n  data_files:\n");
            for (String split : splits) {
                String folder = split.equals(WHOLE) ? table : table + "/" + Table.SPLIT + "=" + split;
                card.append("  - split: ").append(split.replaceAll("\\W", "_")).append('\n');
                card.append("    path: \"").append(folder).append("/*.parquet\"\n");
            }
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
                    .formatted(table, splits.equals(List.of(WHOLE)) ? "" : String.join(", ", splits))));
        }
        card.append(ClassSection.of(manifest.metrics()));
        return card.toString();
    }

    static boolean exists(StageFolder stage, Path path) {
        try {
            return stage.fileSystem().exists(path);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot look for " + path, e);
        }
    }

    /** Tables that hold Parquet files, with their splits. */
    private static TreeMap<String, List<String>> tables(StageFolder stage) {
        TreeMap<String, List<String>> tables = new TreeMap<>();
        for (FileStatus table : list(stage, stage.path())) {
            String name = table.getPath().getName();
            if (!table.isDirectory() || name.startsWith("_") || name.startsWith(".")) {
                continue;
            }
            List<String> splits = new ArrayList<>();
            for (FileStatus entry : list(stage, table.getPath())) {
                String file = entry.getPath().getName();
                if (entry.isDirectory() && file.startsWith(Table.SPLIT + "=")) {
                    splits.add(file.substring(Table.SPLIT.length() + 1));
                } else if (file.endsWith(".parquet") && !splits.contains(WHOLE)) {
                    splits.add(WHOLE);
                }
            }
            splits.sort(null);
            if (!splits.isEmpty()) {
                tables.put(name, splits);
            }
        }
        return tables;
    }

    private static FileStatus[] list(StageFolder stage, Path folder) {
        try {
            return stage.fileSystem().listStatus(folder);
        } catch (FileNotFoundException e) {
            return new FileStatus[0];
        } catch (IOException e) {
            throw new UncheckedIOException("cannot list " + folder, e);
        }
    }
}
