package org.ballast.jobs.report;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * A table of texts, for the terminal and for the page.
 *
 * @param title one line above it
 * @param columns headers; the first column holds names (left-aligned), all others figures (right-aligned)
 * @param names how many columns from the left hold names
 * @param rows one cell a column
 * @param note what is to be known to read it, may be empty
 */
record Table(String title, List<String> columns, int names, List<List<String>> rows, String note) {
    Table {
        columns = List.copyOf(columns);
        rows = List.copyOf(rows);
        for (List<String> row : rows) {
            if (row.size() != columns.size()) {
                throw new IllegalArgumentException(
                        "table '" + title + "': row of " + row.size() + " cells under " + columns.size() + " columns");
            }
        }
    }

    /** Plain text in columns as wide as their widest cell, measured in code points. */
    String text() {
        List<Integer> widths = new ArrayList<>(Collections.nCopies(columns.size(), 0));
        List<List<String>> lines = new ArrayList<>();
        lines.add(columns);
        lines.addAll(rows);
        for (List<String> line : lines) {
            for (int column = 0; column < line.size(); column++) {
                widths.set(column, Math.max(widths.get(column), length(line.get(column))));
            }
        }
        StringBuilder text = new StringBuilder(title).append('\n');
        for (int index = 0; index < lines.size(); index++) {
            appendLine(text, lines.get(index), widths);
            if (index == 0) {
                int total = widths.stream().mapToInt(Integer::intValue).sum() + 2 * (widths.size() - 1);
                text.append("  ").append("-".repeat(total)).append('\n');
            }
        }
        return text.toString();
    }

    private void appendLine(StringBuilder text, List<String> cells, List<Integer> widths) {
        StringBuilder line = new StringBuilder(" ");
        for (int column = 0; column < cells.size(); column++) {
            String pad = " ".repeat(widths.get(column) - length(cells.get(column)));
            line.append(column == 0 ? " " : "  ")
                    .append(column < names ? cells.get(column) + pad : pad + cells.get(column));
        }
        text.append(line.toString().stripTrailing()).append('\n');
    }

    private static int length(String cell) {
        return cell.codePointCount(0, cell.length());
    }
}
