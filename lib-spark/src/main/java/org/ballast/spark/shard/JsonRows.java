package org.ballast.spark.shard;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
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

    /** A place in the file, lines and columns from 1, bytes from 0. */
    private record Place(long line, long column, long offset) {
        @Override
        public String toString() {
            return "line %d, column %d, byte %d".formatted(line, column, offset);
        }
    }

    /** The bytes of the file with their place, and the row that is being scanned. */
    private static final class JsonBytes {
        private static final int START = 1 << 16;

        private final InputStream in;
        private byte[] buffer = new byte[START];
        private int at;
        private int end;
        private long before;
        private long line = 1;
        private long lineStart;
        private boolean withinObject;

        private byte[] kept = new byte[1 << 10];
        private int keptLength;
        private int most;
        private long scanned;
        private Place start;

        JsonBytes(InputStream in) {
            this.in = in;
        }

        int peek() throws IOException {
            if (at == end && !fill()) {
                return -1;
            }
            return buffer[at] & 0xff;
        }

        int read() throws IOException {
            int next = peek();
            if (next >= 0) {
                at++;
                if (next == '\n') {
                    line++;
                    lineStart = before + at;
                }
            }
            return next;
        }

        int peekBehindSpace() throws IOException {
            int next = peek();
            while (next == ' ' || next == '\n' || next == '\r' || next == '\t') {
                read();
                next = peek();
            }
            return next;
        }

        private boolean fill() throws IOException {
            before += end;
            at = 0;
            end = Math.max(0, in.read(buffer, 0, buffer.length));
            return end > 0;
        }

        /** UTF-16 and UTF-32 show by their mark, or by the zero bytes beside the first bracket. */
        void skipByteOrderMark(String file) throws IOException {
            if (peek() < 0) {
                return;
            }
            while (end < 4) {
                int more = in.read(buffer, end, 4 - end);
                if (more < 0) {
                    break;
                }
                end += more;
            }
            int first = buffer[0] & 0xff;
            int second = end > 1 ? buffer[1] & 0xff : 1;
            if (first == 0xef && second == 0xbb && end > 2 && (buffer[2] & 0xff) == 0xbf) {
                at = 3;
            } else if (first == 0xfe || first == 0xff || first == 0 || second == 0) {
                throw new AnnotationException(
                        "annotation file %s is UTF-16 or UTF-32 (it starts with bytes %02x %02x): store it as UTF-8"
                                .formatted(file, first, second));
            }
        }

        /**
         * Whether rows stand on lines of their own: the first line's brackets are closed, or the second line starts another
         * object, which within an object can not be.
         */
        boolean startsWithWholeLine() throws IOException {
            int depth = 0;
            boolean quoted = false;
            boolean escaped = false;
            for (int i = at; ; i++) {
                if (i == end && !grow()) {
                    return i - at >= MAX_ROW_BYTES || depth <= 0;
                }
                int b = buffer[i];
                if (b == '\n') {
                    return depth <= 0 || startsObject(i + 1);
                }
                if (quoted) {
                    quoted = escaped || b != '"';
                    escaped = !escaped && b == '\\';
                } else if (b == '"') {
                    quoted = true;
                } else {
                    depth += b == '{' || b == '[' ? 1 : b == '}' || b == ']' ? -1 : 0;
                }
            }
        }

        private boolean startsObject(int from) throws IOException {
            for (int i = from; ; i++) {
                if (i == end && !grow()) {
                    return false;
                }
                int b = buffer[i];
                if (b != ' ' && b != '\r' && b != '\n' && b != '\t') {
                    return b == '{';
                }
            }
        }

        /** Reads on without letting go of what is in the buffer; false at the end, or where that would be a row too long. */
        private boolean grow() throws IOException {
            if (end == buffer.length) {
                if (end > MAX_ROW_BYTES) {
                    return false;
                }
                buffer = Arrays.copyOf(buffer, 2 * buffer.length);
            }
            int more = in.read(buffer, end, buffer.length - end);
            end += Math.max(0, more);
            return more > 0;
        }

        void setWithinObject() {
            withinObject = true;
        }

        boolean isWithinObject() {
            return withinObject;
        }

        /** Starts a row of which at most so many bytes are kept. */
        void keep(int bytes) {
            most = bytes;
            keptLength = 0;
            scanned = 0;
            start = place();
        }

        boolean keptAll() {
            return scanned == keptLength;
        }

        byte[] kept() {
            return kept;
        }

        int keptLength() {
            return keptLength;
        }

        long scanned() {
            return scanned;
        }

        Place start() {
            return start;
        }

        Place place() {
            long offset = before + at;
            return new Place(line, offset - lineStart + 1, offset);
        }

        void scanLine() throws IOException {
            for (int next = read(); next >= 0 && next != '\n'; next = read()) {
                take(next);
            }
        }

        /** Passes over one value by its brackets and quotes; false when the file ends within it. */
        boolean scanValue() throws IOException {
            int depth = 0;
            int next = read();
            do {
                if (next < 0) {
                    return false;
                }
                take(next);
                if (next == '"') {
                    if (!scanString()) {
                        return false;
                    }
                } else if (next == '{' || next == '[') {
                    depth++;
                } else if (next == '}' || next == ']') {
                    depth--;
                } else if (depth == 0) {
                    scanWord();
                    return true;
                }
                if (depth > 0) {
                    next = read();
                }
            } while (depth > 0);
            return true;
        }

        private boolean scanString() throws IOException {
            for (int next = read(); next >= 0; next = read()) {
                take(next);
                if (next == '"') {
                    return true;
                }
                if (next == '\\') {
                    int escaped = read();
                    if (escaped < 0) {
                        return false;
                    }
                    take(escaped);
                }
            }
            return false;
        }

        private void scanWord() throws IOException {
            for (int next = peek();
                    next > ' ' && next != ',' && next != ']' && next != '}' && next != ':';
                    next = peek()) {
                take(read());
            }
        }

        private void take(int b) {
            scanned++;
            if (keptLength < most) {
                if (keptLength == kept.length) {
                    kept = Arrays.copyOf(kept, (int) Math.min(MAX_ROW_BYTES, 2L * kept.length));
                }
                kept[keptLength++] = (byte) b;
            }
        }

        void close() throws IOException {
            in.close();
        }
    }
}
