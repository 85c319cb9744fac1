package org.ballast.spark.shard;

import java.io.Serializable;
import java.util.Objects;
import java.util.regex.Pattern;
import org.ballast.core.data.Domain;

/**
 * One source and the pictures it names.
 *
 * @param format of the rows; {@link AnnotationLayout#AUTO} until the planner has looked
 * @param annotations path, URI or pattern of a JSON array of rows, of one row a line, of Parquet files, of tar shards, of a folder
 *     of pictures or of a stage; as planned, one of them
 * @param images image root: a folder, a {@code .tar} or a {@code .tar.gz}; null for pictures inside the source, or beside it
 * @param split of the rows; null only where each row names its own (POPE, picture folders, stages)
 * @param domain of the rows that become {@code samples}
 * @param source name that the rows carry as their {@code source}
 * @param idPrefix put before each id, for files that number their rows alike; {@code {file}} in it is the file's name without its
 *     extensions; empty for none
 * @param kind of the prompts; {@code random}, {@code popular} or {@code adversarial} of a POPE file; null for none
 * @param kindPattern its first group, found in a row's id, is the {@code kind} (LLaVA-Instruct); null for no kind
 * @param window time window of the rows, null for none
 * @param gives what the rows become; null where the format alone tells, or until the planner has looked
 * @param question prompt to which a caption is the answer
 * @param captionLine true: only the first line of a caption file is the caption (picture folders)
 */
public record ShardInput(
        AnnotationLayout format,
        String annotations,
        String images,
        String split,
        Domain domain,
        String source,
        String idPrefix,
        String kind,
        String kindPattern,
        String window,
        AnnotationLayout.Gives gives,
        String question,
        boolean captionLine)
        implements Serializable {
    /** What a split may be called: it becomes a folder. */
    static final Pattern SPLIT = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]*");

    /** One of MiniGPT-4's own questions (its {@code prompts/alignment.txt}). */
    public static final String DESCRIBE = "Describe this image in detail.";

    private static final String FILE = "{file}";

    public ShardInput {
        Objects.requireNonNull(format, "format");
        require(annotations != null && !annotations.isEmpty(), annotations, "annotations", "must name a file");
        require(images == null || !images.isEmpty(), annotations, "images", "must name an image root");
        require(
                images == null || !format.holdsPictures(),
                annotations,
                "images",
                "must not be named for format " + format.stored() + ", which holds its pictures itself");
        require(
                split == null
                        ? format == AnnotationLayout.AUTO || format == AnnotationLayout.POPE || format.holdsPictures()
                        : SPLIT.matcher(split).matches(),
                annotations,
                "split",
                "must be letters, digits, '.', '_' and '-', was " + split);
        Objects.requireNonNull(domain, "domain");
        require(source != null && !source.isEmpty(), annotations, "source", "must not be empty");
        idPrefix = idPrefix == null ? "" : idPrefix;
        require(
                kind != null || format != AnnotationLayout.POPE,
                annotations,
                "kind",
                "must be given for a POPE file: random, popular or adversarial");
        require(
                kind == null || kind.matches("[a-z][a-z0-9-]*"),
                annotations,
                "kind",
                "must be lower case, was " + kind);
        require(
                kindPattern == null || Pattern.compile(kindPattern).matcher("").groupCount() >= 1,
                annotations,
                "kind pattern",
                "must have a group, was " + kindPattern);
        require(
                gives == null || format.gives() == null || gives == format.gives(),
                annotations,
                "table",
                "is not what format " + format.stored() + " gives, was " + gives);
        gives = gives == null ? format.gives() : gives;
        question = question == null ? DESCRIBE : question;
        require(!question.isBlank(), annotations, "question", "must not be empty");
    }

    /** A source whose captions, if it has any, become rows in the usual way. */
    public ShardInput(
            AnnotationLayout format,
            String annotations,
            String images,
            String split,
            Domain domain,
            String source,
            String idPrefix,
            String kind,
            String kindPattern,
            String window) {
        this(
                format,
                annotations,
                images,
                split,
                domain,
                source,
                idPrefix,
                kind,
                kindPattern,
                window,
                null,
                null,
                false);
    }

    /** A source with what most need; everything else by the {@code with} methods. */
    public static ShardInput of(
            AnnotationLayout format, String annotations, String images, String split, String source) {
        return new ShardInput(
                format,
                annotations,
                images,
                split,
                Domain.IN_DISTRIBUTION,
                source,
                "",
                null,
                null,
                null,
                null,
                null,
                false);
    }

    /** An OpenMMlo file. */
    public static ShardInput openMmlo(String annotations, String images, String split, Domain domain, String source) {
        return of(AnnotationLayout.OPENMMLO, annotations, images, split, source).withDomain(domain);
    }

    /** A LLaVA-Instruct file; {@code kindPattern} and {@code images} may be null. */
    public static ShardInput llavaInstruct(
            String annotations, String images, String split, String source, String kindPattern) {
        return of(AnnotationLayout.LLAVA_INSTRUCT, annotations, images, split, source)
                .withKind(null, kindPattern);
    }

    /** A POPE file whose rows name their split. */
    public static ShardInput pope(String annotations, String images, String kind, String source) {
        return new ShardInput(
                AnnotationLayout.POPE,
                annotations,
                images,
                null,
                Domain.IN_DISTRIBUTION,
                source,
                "",
                kind,
                null,
                null,
                null,
                null,
                false);
    }

    public ShardInput withDomain(Domain of) {
        return new ShardInput(
                format,
                annotations,
                images,
                split,
                of,
                source,
                idPrefix,
                kind,
                kindPattern,
                window,
                gives,
                question,
                captionLine);
    }

    public ShardInput withKind(String name, String pattern) {
        return new ShardInput(
                format,
                annotations,
                images,
                split,
                domain,
                source,
                idPrefix,
                name,
                pattern,
                window,
                gives,
                question,
                captionLine);
    }

    public ShardInput withIdPrefix(String prefix) {
        return new ShardInput(
                format,
                annotations,
                images,
                split,
                domain,
                source,
                prefix,
                kind,
                kindPattern,
                window,
                gives,
                question,
                captionLine);
    }

    /** How captions become rows. */
    public ShardInput withCaptions(String asked, boolean firstLine) {
        return new ShardInput(
                format,
                annotations,
                images,
                split,
                domain,
                source,
                idPrefix,
                kind,
                kindPattern,
                window,
                gives,
                asked,
                firstLine);
    }

    public ShardInput withGives(AnnotationLayout.Gives what) {
        return new ShardInput(
                format,
                annotations,
                images,
                split,
                domain,
                source,
                idPrefix,
                kind,
                kindPattern,
                window,
                what,
                question,
                captionLine);
    }

    public ShardInput withFormat(AnnotationLayout known) {
        return new ShardInput(
                known,
                annotations,
                images,
                split,
                domain,
                source,
                idPrefix,
                kind,
                kindPattern,
                window,
                gives,
                question,
                captionLine);
    }

    /** One of the files that {@code annotations} stands for. */
    ShardInput withFile(String file) {
        return new ShardInput(
                format,
                file,
                images,
                split,
                domain,
                source,
                idPrefix.replace(FILE, stem(file)),
                kind,
                kindPattern,
                window,
                gives,
                question,
                captionLine);
    }

    /** True when the rows become {@code samples}, false when they become {@code prompts} and {@code completions}. */
    public boolean givesSamples() {
        return gives == AnnotationLayout.Gives.SAMPLES;
    }

    private static String stem(String file) {
        String name = file.substring(file.replaceAll("/+$", "").lastIndexOf('/') + 1);
        int dot = name.indexOf('.', 1);
        return dot < 0 ? name : name.substring(0, dot);
    }

    private static void require(boolean holds, String file, String field, String rule) {
        if (!holds) {
            throw new IllegalArgumentException("shard input %s: %s %s".formatted(file, field, rule));
        }
    }
}
