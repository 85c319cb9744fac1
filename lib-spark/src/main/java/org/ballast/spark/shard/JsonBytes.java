package org.ballast.spark.shard;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/** The bytes of a JSON file with their place, and the value that is being scanned: by its brackets and quotes alone. */
final class JsonBytes implements Closeable {
    /** A place in the file, lines and columns from 1, bytes from 0. */
    record Place(long line, long column, long offset) {
        @Override
        public String toString() {
            return "line %d, column %d, byte %d".formatted(line, column, offset);
        }
    }

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
                return i - at >= JsonRows.MAX_ROW_BYTES || depth <= 0;
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
            if (end > JsonRows.MAX_ROW_BYTES) {
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
        for (int next = peek(); next > ' ' && next != ',' && next != ']' && next != '}' && next != ':'; next = peek()) {
            take(read());
        }
    }

    private void take(int b) {
        scanned++;
        if (keptLength < most) {
            if (keptLength == kept.length) {
                kept = Arrays.copyOf(kept, (int) Math.min(JsonRows.MAX_ROW_BYTES, 2L * kept.length));
            }
            kept[keptLength++] = (byte) b;
        }
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
