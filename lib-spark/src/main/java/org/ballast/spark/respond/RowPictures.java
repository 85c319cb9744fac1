package org.ballast.spark.respond;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Row;
import org.ballast.core.data.Reason;
import org.ballast.core.data.RowRejected;
import org.ballast.core.image.ImageDecoder;
import org.ballast.core.image.ImageRejected;
import org.ballast.core.image.RgbConversion;
import org.ballast.spark.model.OpenModel;
import org.ballast.spark.picture.ImagePath;
import org.ballast.spark.picture.PictureFolder;

/** The pixels of a unit's pictures; rows that follow each other with the same picture get the same array. */
final class RowPictures {
    private final OpenModel model;
    private final RespondOptions options;
    private final ImageDecoder limits;
    private final Configuration hadoop;
    private final Map<String, float[]> byPath = new HashMap<>();
    private byte[] lastBytes;
    private float[] lastPixels;

    RowPictures(OpenModel model, RespondOptions options, Configuration hadoop) {
        this.model = model;
        this.options = options;
        this.limits = new ImageDecoder(options.limits(), RgbConversion.TRANSFORMERS);
        this.hadoop = hadoop;
    }

    /** Normalised pixels of a row's picture, null where it has none. */
    float[] pixels(Row row) throws RowRejected {
        byte[] bytes = row.getAs(RequestRows.PICTURE);
        String path = row.getAs(RequestRows.PATH);
        if (bytes == null && path == null) {
            return null;
        }
        String shown = path == null ? "image" : "image '" + path + "'";
        try {
            if (bytes != null) {
                if (!Arrays.equals(bytes, lastBytes)) {
                    lastPixels = pixels(bytes);
                    lastBytes = bytes;
                }
                return lastPixels;
            }
            String file = row.getAs(RequestRows.FILE);
            String known = file.substring(0, file.lastIndexOf('/') + 1) + "\0" + path;
            float[] pixels = byPath.get(known);
            if (pixels == null) {
                pixels = pixels(read(file, path));
                byPath.put(known, pixels);
            }
            return pixels;
        } catch (ImageRejected e) {
            throw new RowRejected(Reason.of(e.reason().code()), shown + ": " + e.getMessage());
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + shown + " of " + row.getAs(RequestRows.FILE), e);
        }
    }

    private float[] pixels(byte[] bytes) throws ImageRejected {
        limits.header(bytes);
        return model.pixels(bytes);
    }

    private byte[] read(String file, String path) throws IOException, RowRejected {
        if (options.imageRoot() != null) {
            Path root = qualified(new Path(options.imageRoot()));
            return folder(root).bytes(ImagePath.normalised(below(root, path)));
        }
        if (path.isEmpty()) {
            throw new RowRejected(Reason.IMAGE_MISSING, "image is an empty path");
        }
        Path absolute;
        try {
            absolute = qualified(new Path(new Path(file).getParent(), new Path(path)));
        } catch (IllegalArgumentException e) {
            throw new RowRejected(Reason.IMAGE_MISSING, "image '" + path + "' is no path: " + e.getMessage());
        }
        Path root = new Path(absolute.toUri().getScheme(), absolute.toUri().getAuthority(), "/");
        return folder(root)
                .bytes(ImagePath.normalised(absolute.toUri().getPath().substring(1)));
    }

    /** A path that already starts with the root, without it. */
    private static String below(Path root, String path) {
        for (String start : new String[] {root.toString() + "/", root.toUri().getPath() + "/"}) {
            if (path.startsWith(start)) {
                return path.substring(start.length());
            }
        }
        return path;
    }

    private PictureFolder folder(Path root) {
        return new PictureFolder(root.toString(), options.limits().maxBytes(), hadoop);
    }

    private Path qualified(Path path) throws IOException {
        return path.getFileSystem(hadoop).makeQualified(path);
    }
}
