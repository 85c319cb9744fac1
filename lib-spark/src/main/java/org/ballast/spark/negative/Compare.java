package org.ballast.spark.negative;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.ballast.core.negative.RetrievedNegative;
import org.ballast.core.negative.RetrievedNegative.Candidate;
import org.ballast.core.negative.RetrievedNegative.Match;

/**
 * Compares the queries of each piece of work with its candidates. Rows come piece by piece, candidates first; one piece's
 * candidates and some of its queries are held. Queries without a match are left out.
 */
record Compare(RetrieveOptions options) implements MapPartitionsFunction<Row, Row> {
    private static final long serialVersionUID = 1L;

    /** Queries that are compared together. */
    private static final int TOGETHER = 64;

    @Override
    public Iterator<Row> call(Iterator<Row> rows) {
        return new Streamed<>(new Batches(rows), this::matches);
    }

    private Iterator<Row> matches(Batch batch) {
        List<List<Match>> found = batch.pool.negativesFor(batch.queries, options.matches());
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < found.size(); i++) {
            if (!found.get(i).isEmpty()) {
                rows.add(RowFactory.create(
                        batch.queries.get(i).id(),
                        found.get(i).stream().map(Compare::row).toArray()));
            }
        }
        return rows.iterator();
    }

    private static Row row(Match match) {
        return RowFactory.create(
                match.candidate().response(),
                match.similarity(),
                match.candidate().id());
    }

    private record Batch(RetrievedNegative pool, List<Candidate> queries) {}

    /** Queries of one piece with its candidates; pieces without queries or without candidates are passed over. */
    private final class Batches implements Iterator<Batch> {
        private final Iterator<Row> rows;
        private Row ahead;
        private Row pieceOf;
        private RetrievedNegative pool;

        Batches(Iterator<Row> rows) {
            this.rows = rows;
            advance();
        }

        private void advance() {
            ahead = rows.hasNext() ? rows.next() : null;
        }

        @Override
        public boolean hasNext() {
            while (ahead != null && !ahead.<Boolean>getAs("query")) {
                openPiece();
            }
            return ahead != null;
        }

        private void openPiece() {
            pieceOf = ahead;
            List<Candidate> candidates = new ArrayList<>();
            while (ahead != null && samePiece() && !ahead.<Boolean>getAs("query")) {
                candidates.add(Embedded.candidate(ahead));
                advance();
            }
            pool = ahead != null && samePiece() ? new RetrievedNegative(candidates, options.rule()) : null;
        }

        private boolean samePiece() {
            for (int i = 0; i < 4; i++) {
                if (pieceOf.getInt(i) != ahead.getInt(i)) {
                    return false;
                }
            }
            return true;
        }

        @Override
        public Batch next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            if (!samePiece()) {
                throw new IllegalStateException("queries of piece " + ahead + " came without its candidates");
            }
            List<Candidate> queries = new ArrayList<>();
            while (ahead != null && samePiece() && queries.size() < TOGETHER) {
                queries.add(Embedded.candidate(ahead));
                advance();
            }
            return new Batch(pool, queries);
        }
    }
}
