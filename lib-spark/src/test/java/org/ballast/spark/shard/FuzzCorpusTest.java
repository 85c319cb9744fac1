package org.ballast.spark.shard;

import java.io.IOException;
import org.junit.jupiter.api.Test;

/** What the fuzz tests of the readers found and were seeded with, without Jazzer, and mutations of it. */
class FuzzCorpusTest {
    @Test
    void json() throws IOException {
        InputContract.corpus(JsonRowsFuzz.class, "rows", 300).forEach(JsonRowsFuzz::read);
    }

    @Test
    void webDataset() throws IOException {
        InputContract.corpus(WebDatasetFuzz.class, "shard", 300).forEach(WebDatasetFuzz::read);
    }

    @Test
    void parquet() throws IOException {
        InputContract.corpus(ParquetRowsFuzz.class, "parquet", 100).forEach(ParquetRowsFuzz::read);
    }

    @Test
    void idx() throws IOException {
        InputContract.corpus(IdxFuzz.class, "pair", 300).forEach(IdxFuzz::read);
    }
}
