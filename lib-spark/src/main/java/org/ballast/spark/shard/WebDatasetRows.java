package org.ballast.spark.shard;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.ballast.core.data.Quarantined;
import org.ballast.core.data.Reason;

/**
 * The samples of a WebDataset shard, a tar: members that follow each other and share their path up to the first dot of the file's
 * name are one sample. Only the small text members are read here; a picture is named by its member, and the shard is the image
 * root that it is read from. Source: {@code webdataset/tariterators.py} ({@code base_plus_ext}, {@code group_by_keys}).
 */
final class WebDatasetRows implements SourceRows {
    private static final Pattern NAME = Pattern.compile("((?:.*/|)[^./][^./]*)[.]([^/]*)", Pattern.DOTALL);
    private static final Pattern META = Pattern.compile("__[^/]*__($|/.*)", Pattern.DOTALL);

    /** Most members of a sample. */
    private static final int MAX_MEMBERS = 100;

    private final String file;
    private final TarHeaderLimit limit;
    private final TarArchiveInputStream archive;
    private TarArchiveEntry ahead;
    private String last = "its start";
    private long position = -1;
    private Sample sample;

    /**
     * @param in the tar, unpacked; closed with this reader
     * @throws AnnotationException when it is no tar
     */
    WebDatasetRows(String file, InputStream in) {
        this.file = file;
        this.limit = new TarHeaderLimit(in);
        this.archive = new TarArchiveInputStream(limit);
        ahead = next();
    }

    @Override
    public boolean advance() {
        position++;
        sample = null;
        while (ahead != null) {
            Matcher name = NAME.matcher(ahead.getName());
            if (!isPlainFile(ahead) || META.matcher(ahead.getName()).matches() || !name.matches()) {
                ahead = next();
                continue;
            }
            String key = name.group(1);
            if (sample != null && !sample.key.equals(key)) {
                return true;
            }
            if (sample == null) {
                sample = new Sample(key);
            }
            sample.add(name.group(2).toLowerCase(Locale.ROOT), ahead, this);
            ahead = next();
        }
        return sample != null;
    }

    private static boolean isPlainFile(TarArchiveEntry entry) {
        return entry.isFile() && !entry.isLink() && !entry.isSymbolicLink() && !entry.isSparse();
    }

    private TarArchiveEntry next() {
        try {
            limit.headers();
            TarArchiveEntry entry = archive.getNextTarEntry();
            limit.body();
            if (entry != null) {
                last = "entry '" + Quarantined.bounded(entry.getName()) + "'";
            }
            return entry;
        } catch (IOException | RuntimeException e) {
            throw broken(e);
        }
    }

    private byte[] body(TarArchiveEntry entry) {
        try {
            byte[] body = archive.readNBytes((int) entry.getSize());
            if (body.length < entry.getSize()) {
                throw new IOException("%d bytes of %d are there".formatted(body.length, entry.getSize()));
            }
            return body;
        } catch (IOException | RuntimeException e) {
            throw broken(e);
        }
    }

    private AnnotationException broken(Exception e) {
        return new AnnotationException(
                "WebDataset shard %s is no readable tar behind %s (row %d): %s"
                        .formatted(file, last, Math.max(0, position), e.getMessage()),
                e);
    }

    @Override
    public long position() {
        return position;
    }

    @Override
    public SourceRow row() {
        return sample.row();
    }

    @Override
    public void close() throws IOException {
        archive.close();
    }

    /** The members of one sample. */
    private static final class Sample {
        private final String key;
        private final Map<String, byte[]> texts = new LinkedHashMap<>();
        private String picture;
        private int members;
        private SourceRow fault;

        Sample(String key) {
            this.key = key;
        }

        void add(String suffix, TarArchiveEntry entry, WebDatasetRows rows) {
            String name = entry.getName();
            if (++members > MAX_MEMBERS) {
                reject(Reason.TOO_LONG, "has more than %d files".formatted(MAX_MEMBERS));
                return;
            }
            if (PictureSidecars.isPicture(name)) {
                if (picture != null) {
                    reject(Reason.MANY_IMAGES, "has several pictures, '%s' and '%s'".formatted(picture, name));
                }
                picture = name;
                return;
            }
            if (!suffix.equals("txt") && !suffix.equals("cls") && !suffix.equals("json")) {
                return;
            }
            if (entry.getSize() > JsonRows.MAX_ROW_BYTES) {
                reject(
                        Reason.TOO_LONG,
                        "has a file '%s' of %d bytes, at most %d are read"
                                .formatted(name, entry.getSize(), JsonRows.MAX_ROW_BYTES));
            } else if (texts.put(suffix, rows.body(entry)) != null) {
                reject(Reason.MALFORMED_ROW, "has two files '%s'".formatted(suffix));
            }
        }

        private void reject(Reason reason, String what) {
            if (fault == null) {
                fault = SourceRow.rejected(reason, "sample '%s' %s".formatted(Quarantined.bounded(key), what), key);
            }
        }

        SourceRow row() {
            ObjectNode row = JsonNodeFactory.instance.objectNode();
            row.put(PictureSidecars.KEY, key);
            if (picture != null) {
                row.put(PictureSidecars.IMAGE, picture);
            }
            SourceRow wrong = fault;
            for (Map.Entry<String, byte[]> text : texts.entrySet()) {
                String name = key + "." + text.getKey();
                SourceRow found =
                        switch (text.getKey()) {
                            case "txt" -> PictureSidecars.addText(
                                    row, PictureSidecars.CAPTION, name, text.getValue(), false);
                            case "cls" -> PictureSidecars.addText(
                                    row, PictureSidecars.LABEL, name, text.getValue(), true);
                            default -> null;
                        };
                wrong = wrong == null ? found : wrong;
            }
            if (texts.containsKey("json")) {
                // last, so that the files of their own count before the fields of the same name
                SourceRow found = PictureSidecars.addFields(row, key + ".json", texts.get("json"));
                wrong = wrong == null ? found : wrong;
            }
            return wrong == null ? SourceRow.of(row, row.toString()) : wrong;
        }
    }
}
