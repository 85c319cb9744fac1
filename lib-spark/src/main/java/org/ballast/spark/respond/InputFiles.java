package org.ballast.spark.respond;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.ballast.core.data.Sha256;
import org.ballast.spark.io.StageInputException;

/**
 * The files that an input names, all of one form.
 *
 * @param files qualified, in the order of their names
 */
public record InputFiles(Form form, List<FileStatus> files) {
    /** What the rows are written in. */
    public enum Form {
        JSON_LINES,
        PARQUET
    }

    private static final Pattern JSON = Pattern.compile(".*\\.(json|jsonl|ndjson)(\\.[a-z0-9]+)?");
    private static final Pattern PARQUET = Pattern.compile(".*\\.(parquet|parq)");
    private static final String PARQUET_MAGIC = "PAR1";

    /**
     * Looks for them. In a folder, files below it whose names tell a form count, others only where there is none; names that
     * start with {@code _} or {@code .} never do.
     *
     * @param inputs files, folders or patterns
     * @throws StageInputException naming an input that is not there, is empty, or mixes forms
     */
    public static InputFiles of(List<String> inputs, Configuration hadoop) throws IOException {
        List<FileStatus> files = new ArrayList<>();
        for (String input : inputs) {
            files.addAll(files(new Path(input), hadoop));
        }
        files.sort(Comparator.comparing(file -> file.getPath().toString()));
        EnumSet<Form> forms = EnumSet.noneOf(Form.class);
        for (FileStatus file : files) {
            forms.add(form(file, hadoop));
        }
        if (forms.size() > 1) {
            throw new StageInputException("the input " + inputs + " mixes JSON lines and Parquet");
        }
        return new InputFiles(forms.iterator().next(), List.copyOf(files));
    }

    private static List<FileStatus> files(Path input, Configuration hadoop) throws IOException {
        FileSystem system = input.getFileSystem(hadoop);
        FileStatus[] found;
        try {
            found = system.exists(input) ? new FileStatus[] {system.getFileStatus(input)} : system.globStatus(input);
        } catch (FileNotFoundException e) {
            found = null;
        }
        if (found == null || found.length == 0) {
            throw new StageInputException("there is no input " + system.makeQualified(input));
        }
        List<FileStatus> files = new ArrayList<>();
        for (FileStatus status : found) {
            if (status.isFile()) {
                files.add(status);
            } else {
                files.addAll(below(status.getPath(), system));
            }
        }
        if (files.isEmpty()) {
            throw new StageInputException("the input " + system.makeQualified(input) + " holds no file");
        }
        return files;
    }

    private static List<FileStatus> below(Path folder, FileSystem system) throws IOException {
        List<FileStatus> all = new ArrayList<>();
        List<Path> open = new ArrayList<>(List.of(folder));
        while (!open.isEmpty()) {
            for (FileStatus status : system.listStatus(open.remove(open.size() - 1))) {
                String name = status.getPath().getName();
                if (name.startsWith("_") || name.startsWith(".")) {
                    continue;
                }
                if (status.isDirectory()) {
                    open.add(status.getPath());
                } else {
                    all.add(status);
                }
            }
        }
        List<FileStatus> named =
                all.stream().filter(file -> named(file) != null).toList();
        return named.isEmpty() ? all : named;
    }

    private static Form named(FileStatus file) {
        String name = file.getPath().getName().toLowerCase(Locale.ROOT);
        return PARQUET.matcher(name).matches()
                ? Form.PARQUET
                : JSON.matcher(name).matches() ? Form.JSON_LINES : null;
    }

    private static Form form(FileStatus file, Configuration hadoop) throws IOException {
        Form named = named(file);
        if (named != null) {
            return named;
        }
        try (InputStream in = file.getPath().getFileSystem(hadoop).open(file.getPath())) {
            String start = new String(in.readNBytes(PARQUET_MAGIC.length()), StandardCharsets.ISO_8859_1);
            return start.equals(PARQUET_MAGIC) ? Form.PARQUET : Form.JSON_LINES;
        }
    }

    String[] paths() {
        return files.stream().map(file -> file.getPath().toString()).toArray(String[]::new);
    }

    /** Changes when a file does: of names, lengths and times, for the files may be large. */
    public String digest() {
        return Sha256.of(files.stream()
                .map(file -> file.getPath() + "\0" + file.getLen() + "\0" + file.getModificationTime())
                .collect(Collectors.joining("\n")));
    }

    @Override
    public String toString() {
        return Arrays.toString(paths());
    }
}
