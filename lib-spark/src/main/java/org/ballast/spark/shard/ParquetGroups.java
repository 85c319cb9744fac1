package org.ballast.spark.shard;

import java.io.IOException;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.convert.GroupRecordConverter;
import org.apache.parquet.hadoop.ParquetReader;
import org.apache.parquet.hadoop.api.InitContext;
import org.apache.parquet.hadoop.api.ReadSupport;
import org.apache.parquet.io.api.RecordMaterializer;
import org.apache.parquet.schema.MessageType;

/**
 * Some columns of a Parquet file, row by row. Parquet's own {@code GroupReadSupport} passes the columns as text, which breaks at
 * names with spaces.
 */
final class ParquetGroups extends ReadSupport<Group> {
    private final MessageType columns;

    private ParquetGroups(MessageType columns) {
        this.columns = columns;
    }

    static ParquetReader<Group> open(Configuration hadoop, Path file, MessageType columns) throws IOException {
        return ParquetReader.builder(new ParquetGroups(columns), file)
                .withConf(hadoop)
                .withCodecFactory(new BoundedPages(hadoop))
                .build();
    }

    @Override
    public ReadContext init(InitContext context) {
        return new ReadContext(columns);
    }

    @Override
    public RecordMaterializer<Group> prepareForRead(
            Configuration hadoop, Map<String, String> metadata, MessageType fileSchema, ReadContext context) {
        return new GroupRecordConverter(context.getRequestedSchema());
    }
}
