package org.ballast.jobs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.hadoop.ParquetReader;
import org.apache.parquet.hadoop.example.GroupReadSupport;

/** A table that a call wrote, read without Spark: the call has closed its session. */
record StoredTable(List<StoredRow> rows) {
    /** @param split null for a table without splits */
    record StoredRow(String split, Group values) {
        String text(String column) {
            return values.getFieldRepetitionCount(column) == 0 ? null : values.getString(column, 0);
        }

        long number(String column) {
            return values.getLong(column, 0);
        }

        byte[] pictureBytes() {
            return values.getGroup("image", 0).getBinary("bytes", 0).getBytes();
        }
    }

    static StoredTable of(Path stage, String table) throws IOException {
        List<StoredRow> rows = new ArrayList<>();
        try (Stream<Path> files = Files.walk(stage.resolve(table))) {
            for (Path file : files.filter(path -> path.toString().endsWith(".parquet"))
                    .sorted()
                    .toList()) {
                String folder = file.getParent().getFileName().toString();
                String split = folder.startsWith("split=") ? folder.substring("split=".length()) : null;
                try (ParquetReader<Group> reader = ParquetReader.builder(
                                new GroupReadSupport(), new org.apache.hadoop.fs.Path(file.toUri()))
                        .build()) {
                    for (Group group = reader.read(); group != null; group = reader.read()) {
                        rows.add(new StoredRow(split, group));
                    }
                }
            }
        }
        return new StoredTable(rows);
    }

    /** Values of a column, sorted. */
    List<String> column(String name) {
        return rows.stream().map(row -> row.text(name)).sorted().toList();
    }

    /** All that it holds, in an order of its own: equal exactly if the tables hold the same rows. */
    List<String> contents() {
        return rows.stream()
                .map(row -> row.split() + "\n" + row.values())
                .sorted()
                .toList();
    }

    /** Paths of all files below a folder. */
    static List<String> files(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile)
                    .map(file -> folder.relativize(file).toString())
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
