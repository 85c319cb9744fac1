package org.ballast.spark.shard;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.zip.ZipException;
import org.ballast.core.data.Quarantined;
import org.ballast.core.data.Reason;

/**
 * The rows of a JSON file, whatever its size: an array of rows, one row a line, one object after another, or an array within an
 * object. Brackets and quotes alone tell where a row ends, so a row that is no JSON spoils nothing but itself, and a row that is
 * longer than {@value #MAX_ROW_BYTES} bytes or nested without end is passed over without being held.
 */
final class JsonRows implements SourceRows {
    /** Longest row that is read. */
    static final int MAX_ROW_BYTES = 4 << 20;

    private static final int KEPT_OF_TOO_LONG = 4 * Quarantined.MAX_RAW;

    private enum Form {
        ARRAY,
        LINES,
        SEQUENCE
    }

    private final String file;
    private final JsonBytes in;
    private final Form form;
    private final String wrapper;
    private long position = -1;
    private boolean pending;
    private boolean ended;

    /**
     * @param in closed with this reader
     * @param wrapper name of the array of rows in the object that the file is, null where the file is no such object
     * @throws AnnotationException when the file is empty, no UTF-8, or no JSON of rows
     */
    JsonRows(String file, InputStream in, String wrapper) {
        this.file = file;
        this.wrapper = wrapper;
        this.in = new JsonBytes(in);
        try {
            form = start();
        } catch (IOException e) {
            throw failed(e);
        }
    }

    private JsonRows(String file, JsonBytes in) {
        this.file = file;
        this.wrapper = null;
        this.in = in;
        this.form = Form.LINES;
        try {
            in.skipByteOrderMark(file);
        } catch (IOException e) {
            throw failed(e);
        }
    }

    /** One row a line, whatever the lines hold; none in an empty file. */
    static JsonRows lines(String file, InputStream in) {
        return new JsonRows(file, new JsonBytes(in));
    }

    private Form start() throws IOException {
        in.skipByteOrderMark(file);
        int first = in.peekBehindSpace();
        if (first == '[') {
            in.read();
            return Form.ARRAY;
        }
        if (first == '{' && wrapper != null) {
            enterWrapper();
            return Form.ARRAY;
        }
        if (first == '{') {
            return in.startsWithWholeLine() ? Form.LINES : Form.SEQUENCE;
        }
        throw new AnnotationException(
                "annotation file %s must be a JSON array of rows or one JSON object a line, but %s"
                        .formatted(
                                file,
                                first < 0
                                        ? "is empty"
                                        : "starts with '" + JsonText.shown(new byte[] {(byte) first}, 1) + "'"));
    }

    @Override
    public boolean advance() {
        try {
            if (pending) {
                scan(0);
            }
            if (ended) {
                return false;
            }
            position++;
            int next = in.peekBehindSpace();
            if (form == Form.ARRAY) {
                next = behindComma(next);
            }
            ended = next < 0;
            pending = !ended;
            return pending;
        } catch (IOException e) {
            throw failed(e);
        }
    }

    @Override
    public long position() {
        return position;
    }

    @Override
    public SourceRow row() {
        try {
            int length = scan(MAX_ROW_BYTES);
            if (in.keptAll()) {
                return JsonText.row(in.kept(), length, in.start());
            }
            return SourceRow.rejected(
                    Reason.TOO_LONG,
                    "the row (%s) has %d bytes, at most %d are read".formatted(in.start(), in.scanned(), MAX_ROW_BYTES),
                    JsonText.shown(in.kept(), Math.min(length, KEPT_OF_TOO_LONG)));
        } catch (IOException e) {
            throw failed(e);
        }
    }

    @Override
    public void close() throws IOException {
        in.close();
    }

    /** Reads the current row; returns how many of its bytes were kept. */
    private int scan(int most) throws IOException {
        pending = false;
        in.keep(most);
        if (form == Form.LINES) {
            in.scanLine();
        } else if (!in.scanValue()) {
            throw new AnnotationException(
                    "annotation file %s is cut off in row %d (%s)".formatted(file, position, in.start()));
        }
        return in.keptLength();
    }

    /** Moves behind the comma before a row; returns the row's first byte, or -1 behind the array. */
    private int behindComma(int next) throws IOException {
        int first = next;
        if (position > 0 && first == ',') {
            in.read();
            first = in.peekBehindSpace();
            if (first == ']') {
                throw broken("a comma is followed by the end of the array");
            }
        } else if (position > 0 && first >= 0 && first != ']') {
            throw broken("a comma or the end of the array must follow, but there is " + shown(first));
        }
        if (first < 0) {
            throw new AnnotationException("annotation file %s is cut off within its array, before row %d (%s)"
                    .formatted(file, position, in.place()));
        }
        if (first == ',' || first == '}' || first == ':') {
            throw broken("a row must follow, but there is " + shown(first));
        }
        if (first == ']') {
            in.read();
            if (wrapper != null && in.isWithinObject()) {
                leaveWrapper();
            }
            if (in.peekBehindSpace() >= 0) {
                throw new AnnotationException("annotation file %s goes on behind its array of %d rows (%s)"
                        .formatted(file, position, in.place()));
            }
            return -1;
        }
        return first;
    }

    /** Moves into the array named {@link #wrapper} of the object that the file is. */
    private void enterWrapper() throws IOException {
        in.read();
        in.setWithinObject();
        if (in.peekBehindSpace() == '}') {
            throw noArray("it is an empty object");
        }
        while (true) {
            String name = fieldName();
            if (name.equals(wrapper)) {
                if (in.peekBehindSpace() != '[') {
                    throw noArray("'%s' is no array".formatted(wrapper));
                }
                in.read();
                return;
            }
            skipValue();
            int next = in.peekBehindSpace();
            if (next != ',') {
                throw noArray(next == '}' ? "it has none" : "the object is broken at " + in.place());
            }
            in.read();
        }
    }

    /** Reads what follows the array in the object that the file is. */
    private void leaveWrapper() throws IOException {
        while (in.peekBehindSpace() == ',') {
            in.read();
            String name = fieldName();
            if (name.equals(wrapper)) {
                throw broken("'%s' is there twice".formatted(wrapper));
            }
            skipValue();
        }
        if (in.read() != '}') {
            throw broken("the object around '%s' does not end".formatted(wrapper));
        }
    }

    private String fieldName() throws IOException {
        if (in.peekBehindSpace() != '"') {
            throw broken("the name of a field must follow");
        }
        in.keep(KEPT_OF_TOO_LONG);
        if (!in.scanValue() || in.peekBehindSpace() != ':') {
            throw broken("a field has no value");
        }
        String name = JsonText.shown(in.kept(), in.keptLength());
        in.read();
        return name.substring(1, name.length() - 1);
    }

    private void skipValue() throws IOException {
        in.peekBehindSpace();
        in.keep(0);
        if (!in.scanValue()) {
            throw broken("it is cut off");
        }
    }

    private AnnotationException noArray(String what) {
        return new AnnotationException(
                "annotation file %s must be an array of rows or an object with the array '%s', but %s"
                        .formatted(file, wrapper, what));
    }

    private AnnotationException broken(String what) {
        return new AnnotationException("annotation file %s is broken before row %d (%s): %s"
                .formatted(file, Math.max(0, position), in.place(), what));
    }

    private RuntimeException failed(IOException e) {
        if (e instanceof EOFException || e instanceof ZipException) {
            return new AnnotationException(
                    "annotation file %s is no whole compressed file, it ends in row %d: %s"
                            .formatted(file, Math.max(0, position), e.getMessage()),
                    e);
        }
        return new UncheckedIOException("cannot read annotation file " + file, e);
    }

    private static String shown(int first) {
        return "'" + JsonText.shown(new byte[] {(byte) first}, 1) + "'";
    }
}
