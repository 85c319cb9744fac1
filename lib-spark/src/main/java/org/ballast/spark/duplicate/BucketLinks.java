package org.ballast.spark.duplicate;

import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/**
 * Rows {@code (band, value, hash)}, sorted, to links {@code (a, b)}, {@code a > b}, of hashes that share a band and differ in at most {@code maxDistance} bits. It holds
 * one bucket at a time.
 */
record BucketLinks(int maxDistance) implements MapPartitionsFunction<Row, Row> {
    private static final long serialVersionUID = 1L;

    @Override
    public Iterator<Row> call(Iterator<Row> rows) {
        return new Iterator<>() {
            private Iterator<long[]> links = Collections.emptyIterator();
            private Row ahead = rows.hasNext() ? rows.next() : null;

            @Override
            public boolean hasNext() {
                while (!links.hasNext() && ahead != null) {
                    links = bucket();
                }
                return links.hasNext();
            }

            @Override
            public Row next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                long[] link = links.next();
                return RowFactory.create(Math.max(link[0], link[1]), Math.min(link[0], link[1]));
            }

            private Iterator<long[]> bucket() {
                long band = ahead.getLong(0);
                long value = ahead.getLong(1);
                long[] hashes = new long[16];
                int size = 0;
                while (ahead != null && ahead.getLong(0) == band && ahead.getLong(1) == value) {
                    if (size == hashes.length) {
                        hashes = Arrays.copyOf(hashes, 2 * size);
                    }
                    hashes[size++] = ahead.getLong(2);
                    ahead = rows.hasNext() ? rows.next() : null;
                }
                return size < 2
                        ? Collections.emptyIterator()
                        : NearLinks.of(Arrays.copyOf(hashes, size), band, maxDistance)
                                .iterator();
            }
        };
    }
}
