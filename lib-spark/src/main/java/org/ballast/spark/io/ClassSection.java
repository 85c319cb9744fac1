package org.ballast.spark.io;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** What a data card says of a stage's classes, from the figures of {@link org.ballast.core.longtail.TailReport}. */
final class ClassSection {
    private static final String CLASSES = "classes.";
    private static final List<String> BANDS = List.of("many.", "medium.", "few.");

    private ClassSection() {}

    /** A section in Markdown; empty for a stage without such figures. */
    static String of(Map<String, Double> metrics) {
        List<String> parts = new TreeMap<>(metrics)
                .keySet().stream()
                        .filter(name -> name.startsWith(CLASSES) && name.indexOf('.', CLASSES.length()) > 0)
                        .map(name -> name.substring(CLASSES.length()))
                        .toList();
        if (parts.isEmpty()) {
            return "";
        }
        StringBuilder section = new StringBuilder(
                "\n## Classes\n\n"
                        + "| Table | Split | Classes | Imbalance ratio | Entropy (nats) | Effective classes |\n|---|---|---|---|---|---|\n");
        List<String> tables = new ArrayList<>();
        for (String part : parts) {
            int dot = part.indexOf('.');
            String table = part.substring(0, dot);
            if (!tables.contains(table)) {
                tables.add(table);
            }
            section.append(String.format(
                    Locale.ROOT,
                    "| `%s` | %s | %.0f | %.4g | %.3f | %.1f |\n",
                    table,
                    part.substring(dot + 1),
                    metrics.get(CLASSES + part),
                    metrics.getOrDefault("imbalance-ratio." + part, 1.0),
                    metrics.getOrDefault("entropy." + part, 0.0),
                    metrics.getOrDefault("effective-classes." + part, 0.0)));
        }
        section.append(
                "\nBy training samples, many (> 100), medium (20 .. 100) and few (< 20), share of the classes: ");
        List<String> shares = new ArrayList<>();
        for (String table : tables) {
            List<String> bands = new ArrayList<>();
            for (String band : BANDS) {
                bands.add(String.format(
                        Locale.ROOT,
                        "%s %.1f %%",
                        band.substring(0, band.length() - 1),
                        100 * metrics.getOrDefault(band + table, 0.0)));
            }
            shares.add("`" + table + "` " + String.join(", ", bands));
        }
        return section.append(String.join("; ", shares)).append(".\n").toString();
    }
}
