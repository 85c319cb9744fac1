package org.ballast.spark.shard;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** What the {@code annotations} of an input stand for: files and folders, each with its format. */
final class Sources {
    private static final Pattern ROWS = Pattern.compile(
            ".*\\.(json|jsonl|ndjson)(\\.(gz|bz2|zst))?|.*\\.(parquet|parq|tar|tar\\.gz|tgz)|.*-images-idx3-ubyte(\\.gz)?",
            Pattern.CASE_INSENSITIVE);

    private final Configuration hadoop;
    private final List<String> faults;

    /** @param faults where what is wrong is added to */
    Sources(Configuration hadoop, List<String> faults) {
        this.hadoop = hadoop;
        this.faults = faults;
    }

    /** One source of rows: an input that names one place, and that place. */
    record Source(ShardInput input, FileStatus place) {
        String uri() {
            return place.getPath().toString();
        }
    }

    /** All that the inputs stand for, in an order that does not hang on theirs. */
    List<Source> of(List<ShardInput> inputs) {
        List<Source> sources = new ArrayList<>();
        for (ShardInput input : inputs) {
            try {
                List<FileStatus> places = places(input);
                for (FileStatus place : places) {
                    boolean named = places.size() == 1 && !isPattern(input, place);
                    ShardInput one = input.withFile(
                            named ? input.annotations() : place.getPath().toString());
                    resolve(one, place, sources);
                }
            } catch (AnnotationException e) {
                faults.add(e.getMessage());
            } catch (IOException | IllegalArgumentException e) {
                faults.add("annotation file %s cannot be reached (%s)".formatted(input.annotations(), e.getMessage()));
            }
        }
        sources.sort(
                Comparator.comparing((Source source) -> source.input.format().stored())
                        .thenComparing(Source::uri)
                        .thenComparing(source -> String.valueOf(source.input.split()))
                        .thenComparing(source -> source.input.domain())
                        .thenComparing(source -> source.input.gives()));
        return sources;
    }

    private void resolve(ShardInput input, FileStatus place, List<Source> sources) throws IOException {
        ShardInput known;
        try {
            known = FormatDetection.resolved(hadoop, input, place);
        } catch (IllegalArgumentException e) {
            faults.add(e.getMessage());
            return;
        }
        boolean folder = known.format() == AnnotationLayout.IMAGE_FOLDER || known.format() == AnnotationLayout.BALLAST;
        if (folder != place.isDirectory()) {
            faults.add("annotation file %s is no %s".formatted(input.annotations(), folder ? "folder" : "file"));
        } else if (known.format() != AnnotationLayout.BALLAST) {
            sources.add(new Source(known, place));
        } else {
            tables(known, place, sources);
        }
    }

    /** A stage of our own is read as one source for each of its tables of rows. */
    private void tables(ShardInput input, FileStatus place, List<Source> sources) throws IOException {
        Path stage = place.getPath();
        FileSystem files = stage.getFileSystem(hadoop);
        if (!FormatDetection.isStage(files, stage)) {
            faults.add("annotation folder %s is no finished stage: it has no manifest.json and run.json"
                    .formatted(input.annotations()));
            return;
        }
        boolean samples = files.exists(new Path(stage, "samples"));
        boolean prompts = files.exists(new Path(stage, "prompts")) && files.exists(new Path(stage, "completions"));
        if (!samples && !prompts) {
            faults.add("stage %s has no samples, and no prompts with completions".formatted(input.annotations()));
        }
        if (samples && input.gives() != AnnotationLayout.Gives.PROMPTS) {
            sources.add(new Source(input.withGives(AnnotationLayout.Gives.SAMPLES), place));
        }
        if (prompts && input.gives() != AnnotationLayout.Gives.SAMPLES) {
            sources.add(new Source(input.withGives(AnnotationLayout.Gives.PROMPTS), place));
        }
    }

    /** The files and folders that a path or a pattern stands for. */
    private List<FileStatus> places(ShardInput input) throws IOException {
        Path path = new Path(input.annotations());
        FileSystem files = path.getFileSystem(hadoop);
        FileStatus exact = status(files, path);
        if (exact == null) {
            FileStatus[] matched = files.globStatus(files.makeQualified(path));
            if (matched == null || matched.length == 0) {
                faults.add("annotation file %s does not exist".formatted(input.annotations()));
                return List.of();
            }
            Arrays.sort(matched, Comparator.comparing(status -> status.getPath().toString()));
            List<FileStatus> places = new ArrayList<>();
            for (FileStatus one : matched) {
                places.addAll(within(files, input, one));
            }
            return places;
        }
        return within(files, input, exact);
    }

    private static FileStatus status(FileSystem files, Path path) throws IOException {
        try {
            return files.getFileStatus(files.makeQualified(path));
        } catch (FileNotFoundException e) {
            return null;
        }
    }

    /** A folder of annotation files stands for them; a folder of pictures and a stage stand for themselves. */
    private List<FileStatus> within(FileSystem files, ShardInput input, FileStatus place) throws IOException {
        AnnotationLayout format = input.format();
        if (place.isFile()
                || format == AnnotationLayout.IMAGE_FOLDER
                || format == AnnotationLayout.BALLAST
                || FormatDetection.isStage(files, place.getPath())) {
            return List.of(place);
        }
        FileStatus[] below = files.listStatus(place.getPath(), path -> isOfRows(path.getName()));
        List<FileStatus> found = Arrays.stream(below)
                .filter(FileStatus::isFile)
                .sorted(Comparator.comparing(status -> status.getPath().getName()))
                .toList();
        return found.isEmpty() || hasPictures(files, place) ? List.of(place) : found;
    }

    private static boolean isOfRows(String name) {
        return ROWS.matcher(name).matches()
                && !name.startsWith(".")
                && !name.startsWith("_")
                && !name.toLowerCase(Locale.ROOT).equals(FolderWalk.METADATA);
    }

    private static boolean hasPictures(FileSystem files, FileStatus folder) throws IOException {
        return files.listStatus(folder.getPath(), path -> PictureSidecars.isPicture(path.getName())).length > 0;
    }

    private static boolean isPattern(ShardInput input, FileStatus place) {
        return !new Path(input.annotations()).getName().equals(place.getPath().getName());
    }
}
