package org.ballast.spark.shard;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.ballast.core.data.Domain;

/** Tells the format of a source by its name and its first rows. */
final class FormatDetection {
    /** Rows that are looked at: the first may be broken. */
    private static final int ROWS = 20;

    /** What the rows of each format are known by, for the message when none fits. */
    private static final String LOOKED_FOR = String.join(
            "; ",
            "openmmlo (image_id, image, text_input, label)",
            "llava-instruct or sharegpt4v (id, conversations)",
            "pope (question_id, image, text, label)",
            "bpo (id, prompt, completions with score)",
            "vlfeedback (id, prompt, completions with annotations)",
            "rlaif-v (question, chosen, rejected)",
            "minigpt4 (annotations with image_id and caption)",
            "webdataset (a .tar, .tar.gz or .tgz)",
            "image-folder (a folder of pictures)",
            "idx (<name>-images-idx3-ubyte)",
            "ballast (a stage's folder, with manifest.json)");

    private FormatDetection() {}

    /**
     * The input with its format and with what its rows become.
     *
     * @param source one file or folder
     * @throws AnnotationException saying what was looked for and what was found
     * @throws IllegalArgumentException when the input's other settings do not go with its format
     */
    static ShardInput resolved(Configuration hadoop, ShardInput input, FileStatus source) throws IOException {
        ShardInput known = input;
        if (input.format() == AnnotationLayout.AUTO) {
            known = input.withFormat(
                    source.isDirectory() ? ofFolder(hadoop, source) : ofFile(hadoop, input, source.getPath()));
        }
        if (known.gives() != null) {
            return known;
        }
        return switch (known.format()) {
            case IMAGE_FOLDER, WEBDATASET -> known.withGives(givenBy(hadoop, known, source.getPath()));
            default -> known;
        };
    }

    /** True for the folder of a finished stage of our own. */
    static boolean isStage(FileSystem files, Path folder) throws IOException {
        return files.exists(new Path(folder, "manifest.json")) && files.exists(new Path(folder, "run.json"));
    }

    private static AnnotationLayout ofFolder(Configuration hadoop, FileStatus folder) throws IOException {
        return isStage(folder.getPath().getFileSystem(hadoop), folder.getPath())
                ? AnnotationLayout.BALLAST
                : AnnotationLayout.IMAGE_FOLDER;
    }

    private static AnnotationLayout ofFile(Configuration hadoop, ShardInput input, Path file) throws IOException {
        String name = file.getName().toLowerCase(Locale.ROOT);
        if (isTar(name)) {
            return AnnotationLayout.WEBDATASET;
        }
        if (IdxFile.isPictures(file.getName())) {
            return AnnotationLayout.IDX;
        }
        List<JsonNode> rows = new ArrayList<>();
        AnnotationException notPlain = null;
        try (SourceRows source = SourceRows.open(hadoop, probe(input, AnnotationLayout.LLAVA_INSTRUCT), file)) {
            first(source, rows);
        } catch (AnnotationException e) {
            notPlain = e;
        }
        for (JsonNode row : rows) {
            AnnotationLayout layout = ofRow(row);
            if (layout != null) {
                return layout;
            }
        }
        if (!SourceRows.isParquet(name) && isWrapped(hadoop, input, file)) {
            return AnnotationLayout.MINIGPT4;
        }
        if (rows.isEmpty() && notPlain != null) {
            throw notPlain;
        }
        TreeSet<String> fields = new TreeSet<>();
        rows.forEach(row -> row.fieldNames().forEachRemaining(fields::add));
        throw new AnnotationException(
                "annotation file %s: its format is not told by its first %d rows, which have the fields %s; looked for %s. Name it with 'format'"
                        .formatted(input.annotations(), rows.size(), shown(fields), LOOKED_FOR));
    }

    static boolean isTar(String name) {
        return ImageRoot.archive(name) != null;
    }

    private static boolean isWrapped(Configuration hadoop, ShardInput input, Path file) throws IOException {
        List<JsonNode> rows = new ArrayList<>();
        try (SourceRows source = SourceRows.open(hadoop, probe(input, AnnotationLayout.MINIGPT4), file)) {
            first(source, rows);
        } catch (AnnotationException e) {
            return false;
        }
        return rows.stream().anyMatch(row -> row.has("image_id") && row.has("caption"));
    }

    /** The same file, read by its fields alone. */
    private static ShardInput probe(ShardInput input, AnnotationLayout layout) {
        return ShardInput.of(layout, input.annotations(), "elsewhere", "any", input.source());
    }

    private static void first(SourceRows source, List<JsonNode> rows) {
        for (int i = 0; i < ROWS && source.advance(); i++) {
            JsonNode row = source.row().json();
            if (row != null && row.isObject()) {
                rows.add(row);
            }
        }
    }

    /** Null where no format has such fields. */
    private static AnnotationLayout ofRow(JsonNode row) {
        if (row.has("question_id") && row.has("text") && row.has("label")) {
            return AnnotationLayout.POPE;
        }
        if (row.has("image_id") && row.has("image") && row.has("text_input")) {
            return AnnotationLayout.OPENMMLO;
        }
        if (row.has("conversations")) {
            return AnnotationLayout.LLAVA_INSTRUCT;
        }
        if (row.has("completions")) {
            JsonNode completions = row.get("completions");
            return completions.isArray() && completions.path(0).has("score")
                    ? AnnotationLayout.BPO
                    : completions.path(0).has("annotations") || completions.has("annotations")
                            ? AnnotationLayout.VLFEEDBACK
                            : null;
        }
        if (row.has("question") && row.has("chosen") && row.has("rejected")) {
            return AnnotationLayout.RLAIF_V;
        }
        return row.has("image_id") && row.has("caption") ? AnnotationLayout.MINIGPT4 : null;
    }

    /** Samples where a class is told, prompts where only a text is. */
    private static AnnotationLayout.Gives givenBy(Configuration hadoop, ShardInput input, Path source)
            throws IOException {
        boolean instruct = false;
        boolean captioned = false;
        try (SourceRows rows = SourceRows.open(hadoop, input.withGives(AnnotationLayout.Gives.PROMPTS), source)) {
            for (int i = 0; i < ROWS && rows.advance(); i++) {
                JsonNode row = rows.row().json();
                if (row == null || !row.isObject()) {
                    continue;
                }
                if (row.has(PictureSidecars.LABEL) || isInClass(row, input)) {
                    return AnnotationLayout.Gives.SAMPLES;
                }
                instruct |= row.has("conversations") || row.has("completions") || row.has("chosen");
                captioned |= row.has(PictureSidecars.CAPTION);
            }
        }
        boolean open = input.domain() == Domain.OUT_OF_DISTRIBUTION;
        return instruct || (captioned && !open) ? AnnotationLayout.Gives.PROMPTS : AnnotationLayout.Gives.SAMPLES;
    }

    private static boolean isInClass(JsonNode row, ShardInput input) {
        String folder = row.path(PictureSidecars.CLASS).textValue();
        return folder != null
                && (input.split() != null || folder.indexOf('/') > 0)
                && !row.has("conversations")
                && !row.has("completions");
    }

    private static String shown(TreeSet<String> fields) {
        String text = fields.toString();
        return text.length() <= 300 ? text : text.substring(0, 300) + "...";
    }
}
