package org.ballast.spark.shard;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/**
 * Bounds what is read for the headers of one entry of a tar. Long names and attributes are entries of their own, of any
 * size that the archive declares, and readers of tars collect them in memory. Bodies that are skipped do not count.
 */
final class TarHeaderLimit extends FilterInputStream {
    /** Names and attributes of real archives have some kilobytes. */
    static final int MAX_BYTES = 1 << 20;

    private long left = MAX_BYTES;

    TarHeaderLimit(InputStream in) {
        super(in);
    }

    /** To be called before the next entry is asked for. */
    void headers() {
        left = MAX_BYTES;
    }

    /** To be called before a body is read: it may have any size. */
    void body() {
        left = Long.MAX_VALUE;
    }

    @Override
    public int read() throws IOException {
        take(1);
        return super.read();
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        int read = super.read(bytes, offset, length);
        take(Math.max(0, read));
        return read;
    }

    private void take(int bytes) throws IOException {
        left -= bytes;
        if (left < 0) {
            throw new IOException("the headers of an entry have more than " + MAX_BYTES + " bytes");
        }
    }
}
