package org.ballast.spark.shard;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/** Streams the rows of an annotation file, a JSON array or one object after another, of which one row is held at a time. */
final class AnnotationReader implements Closeable {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final String file;
    private final JsonParser parser;
    private final boolean array;
    private long position = -1;
    private JsonToken next;

    /**
     * @param in closed with this reader
     * @throws AnnotationException when the file is empty or starts with neither an array nor an object
     */
    AnnotationReader(String file, InputStream in) {
        this.file = file;
        try {
            parser = MAPPER.getFactory().createParser(in);
            JsonToken first = parser.nextToken();
            if (first != JsonToken.START_ARRAY && first != JsonToken.START_OBJECT) {
                throw new AnnotationException("annotation file %s must be a JSON array of rows, but %s"
                        .formatted(file, first == null ? "is empty" : "starts with " + parser.getText()));
            }
            array = first == JsonToken.START_ARRAY;
            next = array ? parser.nextToken() : first;
        } catch (JsonProcessingException e) {
            throw broken(e);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read annotation file " + file, e);
        }
    }

    /**
     * Moves to the next row.
     *
     * @return false behind the last one
     * @throws AnnotationException when the file ends within the array, or goes on behind it
     */
    boolean advance() {
        try {
            position++;
            if (position > 0) {
                next = parser.nextToken();
            }
            if (array && next == JsonToken.END_ARRAY) {
                if (parser.nextToken() != null) {
                    throw new AnnotationException("annotation file %s goes on behind its array of %d rows (%s)"
                            .formatted(file, position, place(parser.getTokenLocation())));
                }
                return false;
            }
            if (next == null && array) {
                throw new AnnotationException("annotation file %s ends within its array, behind row %d (%s)"
                        .formatted(file, position - 1, place(parser.getCurrentLocation())));
            }
            return next != null;
        } catch (JsonProcessingException e) {
            throw broken(e);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read annotation file " + file, e);
        }
    }

    /** Index of the current row, from 0. */
    long position() {
        return position;
    }

    /** The current row; to be called at most once. */
    JsonNode row() {
        try {
            return MAPPER.readTree(parser);
        } catch (JsonProcessingException e) {
            throw broken(e);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read annotation file " + file, e);
        }
    }

    /** Passes over the current row. */
    void skip() {
        try {
            parser.skipChildren();
        } catch (JsonProcessingException e) {
            throw broken(e);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read annotation file " + file, e);
        }
    }

    @Override
    public void close() throws IOException {
        parser.close();
    }

    private AnnotationException broken(JsonProcessingException e) {
        return new AnnotationException(
                "annotation file %s is broken in row %d (%s): %s"
                        .formatted(file, Math.max(0, position), place(e.getLocation()), e.getOriginalMessage()),
                e);
    }

    private static String place(JsonLocation location) {
        return location == null
                ? "place unknown"
                : "line %d, column %d, byte %d"
                        .formatted(location.getLineNr(), location.getColumnNr(), location.getByteOffset());
    }
}
