package org.ballast.spark.negative;

import java.io.Serializable;
import java.util.HashMap;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * How the work on each cell is cut: its candidates into blocks and the queries that search it into portions, each pair of them
 * a piece. Which block or portion a row is in hangs on its id and the counts; what is found hangs on neither.
 */
final class Pieces implements Serializable {
    private static final long serialVersionUID = 1L;

    /** Candidates of a block at about most: 50 MB with vectors of 384 values, held twice. */
    static final int BLOCK = 16_384;
    /** Queries of a portion at about most; they are streamed. */
    static final int PORTION = 16_384;

    private final HashMap<Long, Integer> blocks = new HashMap<>();
    private final HashMap<Long, Integer> portions = new HashMap<>();

    private Pieces() {}

    /**
     * Counts.
     *
     * @param candidates {@code pool, cell}
     * @param queries {@code pool, cell} of every cell that is searched
     */
    static Pieces of(Dataset<Row> candidates, Dataset<Row> queries) {
        Pieces pieces = new Pieces();
        count(candidates, BLOCK, pieces.blocks);
        count(queries, PORTION, pieces.portions);
        return pieces;
    }

    private static void count(Dataset<Row> rows, int most, Map<Long, Integer> parts) {
        for (Row cell : rows.groupBy("pool", "cell").count().collectAsList()) {
            parts.put(key(cell.getInt(0), cell.getInt(1)), Math.toIntExact((cell.getLong(2) + most - 1) / most));
        }
    }

    private static long key(int pool, int cell) {
        return (long) pool << Integer.SIZE | cell;
    }

    /** Blocks of a cell's candidates, 0 for none. */
    int blocks(int pool, int cell) {
        return blocks.getOrDefault(key(pool, cell), 0);
    }

    /** Portions of the queries that search a cell, 0 for none. */
    int portions(int pool, int cell) {
        return portions.getOrDefault(key(pool, cell), 0);
    }

    int block(int pool, int cell, String id) {
        return part(id, blocks(pool, cell));
    }

    int portion(int pool, int cell, String id) {
        return part(id, portions(pool, cell));
    }

    private static int part(String id, int parts) {
        // not the hash of strings alone: that of ids that count up is as regular as they are
        int mixed = id.hashCode() * 0x9E3779B9;
        return parts < 2 ? 0 : Math.floorMod(mixed ^ mixed >>> 15, parts);
    }

    /** Pairs of blocks and portions. */
    long count() {
        long count = 0;
        for (Map.Entry<Long, Integer> cell : blocks.entrySet()) {
            count += (long) cell.getValue() * portions.getOrDefault(cell.getKey(), 0);
        }
        return count;
    }
}
