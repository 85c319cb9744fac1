package org.ballast.spark.shard;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.io.compress.CodecPool;
import org.apache.hadoop.io.compress.CompressionCodec;
import org.apache.hadoop.io.compress.Decompressor;
import org.apache.parquet.bytes.BytesInput;
import org.apache.parquet.hadoop.CodecFactory;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;

/**
 * Unpacks the pages of a Parquet file in bounded time and memory. Parquet's own way takes a page's word for its size: it
 * allocates what is claimed, and waits for ever for bytes that are not there.
 */
final class BoundedPages extends CodecFactory {
    private static final int PAGE_SIZE_HINT = 0;
    private static final int FIRST_BUFFER = 1 << 16;
    private static final int MOST_FUTILE_READS = 100;

    BoundedPages(Configuration hadoop) {
        super(hadoop, PAGE_SIZE_HINT);
    }

    @Override
    protected BytesDecompressor createDecompressor(CompressionCodecName name) {
        CompressionCodec codec = getCodec(name);
        return codec == null ? super.createDecompressor(name) : new Bounded(name, codec);
    }

    private static final class Bounded extends BytesDecompressor {
        private final CompressionCodecName name;
        private final CompressionCodec codec;
        private final Decompressor decompressor;

        Bounded(CompressionCodecName name, CompressionCodec codec) {
            this.name = name;
            this.codec = codec;
            this.decompressor = CodecPool.getDecompressor(codec);
        }

        @Override
        public BytesInput decompress(BytesInput page, int size) throws IOException {
            byte[] packed = page.toByteArray();
            if (size < 0 || (name == CompressionCodecName.SNAPPY && snappyLength(packed) != size)) {
                throw new IOException("a %s page does not hold the %d bytes that it claims".formatted(name, size));
            }
            if (decompressor != null) {
                decompressor.reset();
            }
            try (InputStream in =
                    codec.createInputStream(BytesInput.from(packed).toInputStream(), decompressor)) {
                return BytesInput.from(read(in, size));
            }
        }

        /** The buffer grows with what is there, not with what is claimed. */
        private byte[] read(InputStream in, int size) throws IOException {
            byte[] bytes = new byte[Math.min(size, FIRST_BUFFER)];
            int futile = 0;
            for (int at = 0; at < size; ) {
                if (at == bytes.length) {
                    bytes = Arrays.copyOf(bytes, (int) Math.min(size, 2L * bytes.length));
                }
                int count = in.read(bytes, at, bytes.length - at);
                futile = count == 0 ? futile + 1 : 0;
                if (count < 0 || futile > MOST_FUTILE_READS) {
                    throw new IOException("a %s page ends at byte %d of %d".formatted(name, at, size));
                }
                at += count;
            }
            return bytes;
        }

        /** The length that a snappy block starts with, a varint; -1 for none. */
        private static long snappyLength(byte[] block) {
            long length = 0;
            for (int i = 0; i < Math.min(5, block.length); i++) {
                length |= (long) (block[i] & 0x7f) << (7 * i);
                if (block[i] >= 0) {
                    return length;
                }
            }
            return -1;
        }

        @Override
        public void decompress(ByteBuffer page, int packedSize, ByteBuffer to, int size) throws IOException {
            to.put(decompress(BytesInput.from(page), size).toByteBuffer());
        }

        @Override
        public void release() {
            if (decompressor != null) {
                CodecPool.returnDecompressor(decompressor);
            }
        }
    }
}
