package org.ballast.core.image;

import java.util.HashMap;
import java.util.Map;
import org.ballast.core.image.ImageRejected.Reason;

/** The first directory of a TIFF: where its values lie. No other directory is ever followed, so none can loop. */
final class TiffDirectory {
    private static final int ENTRY = 12;
    private static final int BYTE = 1;
    private static final int SHORT = 3;
    private static final int LONG = 4;
    private static final int UNDEFINED = 7;

    private final FileBytes in;
    private final Map<Integer, Entry> entries = new HashMap<>();

    private record Entry(int tag, int type, long count, long at) {}

    private TiffDirectory(FileBytes in) {
        this.in = in;
    }

    static TiffDirectory read(byte[] bytes) throws ImageRejected {
        var directory = new TiffDirectory(new FileBytes("tiff", bytes, bytes[0] == 'M'));
        directory.readEntries();
        return directory;
    }

    private void readEntries() throws ImageRejected {
        long at = in.unsignedInt(4);
        if (at < 8) {
            throw new ImageRejected(Reason.CORRUPT, "tiff whose directory starts at byte " + at + ", in its header");
        }
        int count = in.unsignedShort(at);
        in.require(at + 2, (long) ENTRY * count);
        for (int i = 0; i < count; i++) {
            long entry = at + 2 + (long) ENTRY * i;
            int tag = in.unsignedShort(entry);
            int type = in.unsignedShort(entry + 2);
            long values = in.unsignedInt(entry + 4);
            int size = size(type);
            // of two entries of one tag the first counts, as in libtiff
            if (size > 0 && !entries.containsKey(tag)) {
                boolean inline = values * size <= 4;
                entries.put(tag, new Entry(tag, type, values, inline ? entry + 8 : in.unsignedInt(entry + 8)));
            }
        }
    }

    private static int size(int type) {
        return switch (type) {
            case BYTE, UNDEFINED -> 1;
            case SHORT -> 2;
            case LONG -> 4;
            default -> 0;
        };
    }

    FileBytes file() {
        return in;
    }

    boolean has(int tag) {
        return entries.containsKey(tag);
    }

    long count(int tag) {
        return has(tag) ? entries.get(tag).count : 0;
    }

    /** The first value of a tag that must be there. */
    long required(int tag, String name) throws ImageRejected {
        if (count(tag) == 0) {
            throw new ImageRejected(Reason.CORRUPT, "tiff without " + name);
        }
        return value(tag, 0);
    }

    /** The first value of a tag. */
    long value(int tag, long otherwise) throws ImageRejected {
        return count(tag) == 0 ? otherwise : at(entries.get(tag), 0);
    }

    /**
     * All values of a tag; none when it is absent.
     *
     * @param most above which the file is corrupt
     */
    long[] values(int tag, long most) throws ImageRejected {
        long count = count(tag);
        if (count == 0) {
            return new long[0];
        }
        if (count > most) {
            throw new ImageRejected(
                    Reason.CORRUPT, "tiff with %d values of tag %d, at most %d".formatted(count, tag, most));
        }
        return first(tag, count);
    }

    /** The first {@code count} values of a tag that has as many. */
    long[] first(int tag, long count) throws ImageRejected {
        Entry entry = entries.get(tag);
        in.require(entry.at, count * size(entry.type));
        long[] values = new long[(int) count];
        for (int i = 0; i < values.length; i++) {
            values[i] = at(entry, i);
        }
        return values;
    }

    /** Where the bytes of a tag lie: position and length. */
    long[] range(int tag) throws ImageRejected {
        Entry entry = entries.get(tag);
        long length = entry.count * size(entry.type);
        in.require(entry.at, length);
        return new long[] {entry.at, length};
    }

    private long at(Entry entry, int index) throws ImageRejected {
        return switch (entry.type) {
            case SHORT -> in.unsignedShort(entry.at + 2L * index);
            case LONG -> in.unsignedInt(entry.at + 4L * index);
            default -> in.unsignedByte(entry.at + index);
        };
    }
}
