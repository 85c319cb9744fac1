package org.ballast.spark.negative;

import java.util.Collections;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.function.Function;

/** What comes of each element, without holding more than one element's. */
final class Streamed<S, T> implements Iterator<T> {
    private final Iterator<S> source;
    private final Function<S, Iterator<T>> of;
    private Iterator<T> current = Collections.emptyIterator();

    Streamed(Iterator<S> source, Function<S, Iterator<T>> of) {
        this.source = source;
        this.of = of;
    }

    @Override
    public boolean hasNext() {
        while (!current.hasNext() && source.hasNext()) {
            current = of.apply(source.next());
        }
        return current.hasNext();
    }

    @Override
    public T next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        return current.next();
    }
}
