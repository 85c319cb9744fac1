package org.ballast.spark.shard;

import java.io.Serializable;
import java.util.Objects;
import java.util.regex.Pattern;
import org.ballast.core.data.Domain;

/**
 * One annotation file and the pictures it names.
 *
 * @param format layout of the file
 * @param annotations path or URI of a JSON array of rows, or of one row a line
 * @param images image root: a folder, a {@code .tar} or a {@code .tar.gz}; null when no row has a picture
 * @param split of the rows; null only where each row names its own (POPE)
 * @param domain of the rows (OpenMMlo)
 * @param source name that the rows carry as their {@code source}
 * @param idPrefix put before each id, for files that number their rows alike; empty for none
 * @param kind {@code random}, {@code popular} or {@code adversarial} of a POPE file, null elsewhere
 * @param kindPattern its first group, found in a row's id, is the {@code kind} (LLaVA-Instruct); null for no kind
 * @param window time window of the rows, null for none
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
        String window)
        implements Serializable {
    /** What a split may be called: it becomes a folder. */
    static final Pattern SPLIT = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]*");

    public ShardInput {
        Objects.requireNonNull(format, "format");
        require(annotations != null && !annotations.isEmpty(), annotations, "annotations", "must name a file");
        require(images == null || !images.isEmpty(), annotations, "images", "must name an image root");
        require(
                images != null || format == AnnotationLayout.LLAVA_INSTRUCT,
                annotations,
                "images",
                "must name an image root for format " + format.stored());
        require(
                split == null
                        ? format == AnnotationLayout.POPE
                        : SPLIT.matcher(split).matches(),
                annotations,
                "split",
                "must be letters, digits, '.', '_' and '-', was " + split);
        Objects.requireNonNull(domain, "domain");
        require(source != null && !source.isEmpty(), annotations, "source", "must not be empty");
        idPrefix = idPrefix == null ? "" : idPrefix;
        require(
                (kind != null) == (format == AnnotationLayout.POPE),
                annotations,
                "kind",
                "is for POPE files, which must have one, was " + kind);
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
    }

    /** An OpenMMlo file. */
    public static ShardInput openMmlo(String annotations, String images, String split, Domain domain, String source) {
        return new ShardInput(
                AnnotationLayout.OPENMMLO, annotations, images, split, domain, source, "", null, null, null);
    }

    /** A LLaVA-Instruct file; {@code kindPattern} and {@code images} may be null. */
    public static ShardInput llavaInstruct(
            String annotations, String images, String split, String source, String kindPattern) {
        return new ShardInput(
                AnnotationLayout.LLAVA_INSTRUCT,
                annotations,
                images,
                split,
                Domain.IN_DISTRIBUTION,
                source,
                "",
                null,
                kindPattern,
                null);
    }

    /** A POPE file whose rows name their split. */
    public static ShardInput pope(String annotations, String images, String kind, String source) {
        return new ShardInput(
                AnnotationLayout.POPE, annotations, images, null, Domain.IN_DISTRIBUTION, source, "", kind, null, null);
    }

    private static void require(boolean holds, String file, String field, String rule) {
        if (!holds) {
            throw new IllegalArgumentException("shard input %s: %s %s".formatted(file, field, rule));
        }
    }
}
