package org.ballast.core.image.vp8;

import java.util.Arrays;
import org.ballast.core.image.ImageRejected;
import org.ballast.core.image.vp8.FrameHeader.Filter;

/** Decodes the macroblocks of a frame: modes, coefficients, prediction and, when all stand, the loop filter. */
final class Macroblocks {
    /** The tree of a 4 x 4 block's modes: the next node, or a mode as its complement. */
    private static final int[] MODE_TREE = {
        ~Prediction.DC,
        2,
        ~Prediction.TRUE_MOTION,
        4,
        ~Prediction.VERTICAL,
        6,
        8,
        12,
        ~Prediction.HORIZONTAL,
        10,
        ~Prediction.RIGHT_DOWN,
        ~Prediction.VERTICAL_RIGHT,
        ~Prediction.LEFT_DOWN,
        14,
        ~Prediction.VERTICAL_LEFT,
        16,
        ~Prediction.HORIZONTAL_DOWN,
        ~Prediction.HORIZONTAL_UP
    };

    private final FrameHeader header;
    private final int columns;
    private final int rows;
    private final Plane y;
    private final Plane u;
    private final Plane v;
    private final Residuals residuals;
    /** Modes of the 4 x 4 blocks above, four a column, and to the left. */
    private final int[] modesAbove;

    private final int[] modesLeft = new int[4];
    private final int[] modes = new int[16];
    private final Filter[] filters;
    private final boolean[] filterInside;
    private final int[] edge = new int[13];
    private final int[] scratch = new int[16];

    Macroblocks(FrameHeader header) {
        this.header = header;
        columns = (header.width() + 15) / 16;
        rows = (header.height() + 15) / 16;
        y = Plane.of(16 * columns, 16 * rows);
        u = Plane.of(8 * columns, 8 * rows);
        v = Plane.of(8 * columns, 8 * rows);
        residuals = new Residuals(header.coefficients(), columns);
        modesAbove = new int[4 * columns];
        filters = new Filter[columns * rows];
        filterInside = new boolean[columns * rows];
    }

    Vp8Picture decode() throws ImageRejected {
        for (int row = 0; row < rows; row++) {
            BoolDecoder tokens = header.tokens()[row & header.tokens().length - 1];
            residuals.startRow();
            Arrays.fill(modesLeft, Prediction.DC);
            for (int column = 0; column < columns; column++) {
                macroblock(column, row, tokens);
            }
        }
        LoopFilter filter = new LoopFilter(header.simpleFilter(), y, u, v);
        for (int i = 0; i < filters.length; i++) {
            if (filters[i].limit() > 0) {
                filter.macroblock(i % columns, i / columns, filters[i], filterInside[i]);
            }
        }
        return new Vp8Picture(header.width(), header.height(), y, u, v);
    }

    private void macroblock(int column, int row, BoolDecoder tokens) throws ImageRejected {
        BoolDecoder in = header.modes();
        int[] tree = header.segmentProbabilities();
        int segment = 0;
        if (tree != null) {
            segment = in.bit(tree[0]) == 0 ? in.bit(tree[1]) : 2 + in.bit(tree[2]);
        }
        boolean skipped = header.skipProbability() >= 0 && in.bit(header.skipProbability()) == 1;
        boolean blocks = in.bit(145) == 0;
        int luma = Prediction.DC;
        if (blocks) {
            readBlockModes(in, column);
        } else {
            luma = in.bit(156) == 0
                    ? in.bit(163) == 0 ? Prediction.DC : Prediction.VERTICAL
                    : in.bit(128) == 0 ? Prediction.HORIZONTAL : Prediction.TRUE_MOTION;
            Arrays.fill(modesAbove, 4 * column, 4 * column + 4, luma);
            Arrays.fill(modesLeft, luma);
        }
        int chroma = in.bit(142) == 0
                ? Prediction.DC
                : in.bit(114) == 0
                        ? Prediction.VERTICAL
                        : in.bit(183) == 0 ? Prediction.HORIZONTAL : Prediction.TRUE_MOTION;
        if (in.pastEnd()) {
            throw FrameHeader.truncated("its modes");
        }
        boolean found = false;
        if (skipped) {
            residuals.skip(column, !blocks);
        } else {
            found = residuals.read(tokens, column, !blocks, header.segments()[segment]);
            if (tokens.pastEnd()) {
                throw FrameHeader.truncated("its coefficients");
            }
        }
        int at = row * columns + column;
        filters[at] = header.segments()[segment].filter()[blocks ? 1 : 0];
        filterInside[at] = blocks || found;
        if (blocks) {
            predictBlocks(column, row);
        } else {
            Prediction.square(luma, y, 16 * column, 16 * row, 16);
            for (int i = 0; i < 16; i++) {
                addResidual(i, y, y.place(16 * column + i % 4 * 4, 16 * row + i / 4 * 4));
            }
        }
        Prediction.square(chroma, u, 8 * column, 8 * row, 8);
        Prediction.square(chroma, v, 8 * column, 8 * row, 8);
        for (int i = 0; i < 4; i++) {
            int x = 8 * column + i % 2 * 4;
            int below = 8 * row + i / 2 * 4;
            addResidual(16 + i, u, u.place(x, below));
            addResidual(20 + i, v, v.place(x, below));
        }
    }

    private void readBlockModes(BoolDecoder in, int column) {
        for (int i = 0; i < 16; i++) {
            int above = 4 * column + i % 4;
            int left = i / 4;
            int probabilities = (modesAbove[above] * Tables.MODES + modesLeft[left]) * Tables.MODE_NODES;
            int node = 0;
            do {
                node = MODE_TREE[node + in.bit(Tables.MODE_PROBABILITIES[probabilities + node / 2])];
            } while (node > 0);
            modes[i] = ~node;
            modesAbove[above] = modes[i];
            modesLeft[left] = modes[i];
        }
    }

    private void predictBlocks(int column, int row) {
        byte[] s = y.samples();
        int corner = y.place(16 * column, 16 * row);
        for (int i = 0; i < 16; i++) {
            int at = corner + i / 4 * 4 * y.stride() + i % 4 * 4;
            for (int j = 0; j < 4; j++) {
                edge[3 - j] = s[at + j * y.stride() - 1] & 255;
                edge[5 + j] = s[at - y.stride() + j] & 255;
            }
            edge[4] = s[at - y.stride() - 1] & 255;
            aboveRight(column, row, i, at);
            Prediction.block(modes[i], y, at, edge);
            addResidual(i, y, at);
        }
    }

    /** The four samples above and to the right of a block. The blocks at the right end of a macroblock all take those above the macroblock. */
    private void aboveRight(int column, int row, int block, int at) {
        byte[] s = y.samples();
        int from = block % 4 < 3 ? at - y.stride() + 4 : y.place(16 * column + 16, 16 * row - 1);
        if (block % 4 == 3 && column == columns - 1) {
            // beyond the picture: above it all is 127, elsewhere the last sample goes on
            Arrays.fill(edge, 9, 13, row == 0 ? 127 : s[from - 1] & 255);
            return;
        }
        for (int j = 0; j < 4; j++) {
            edge[9 + j] = s[from + j] & 255;
        }
    }

    private void addResidual(int block, Plane plane, int at) {
        if (residuals.many[block]) {
            Transforms.addBlock(residuals.coefficients, 16 * block, plane.samples(), at, plane.stride(), scratch);
        } else if (residuals.any[block]) {
            Transforms.addFlat(residuals.coefficients[16 * block], plane.samples(), at, plane.stride());
        }
    }
}
