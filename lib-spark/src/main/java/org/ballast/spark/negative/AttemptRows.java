package org.ballast.spark.negative;

import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.spark.io.Table;
import scala.collection.JavaConverters;

/**
 * Table {@code attempts}: what came of each negative that was wanted. By it a later run knows what is done.
 *
 * <p>{@code content} is the digest of what the negative hangs on in the data: prompt, picture and right response. {@code outcome} is {@value #ACCEPTED} or the reason of
 * the row in quarantine; {@code rejected} are the reasons of the texts that were rejected, in order. Tokens are those of all tries.
 * {@code margin} is the lead of the last text over the right response in mean log-prob a token by the checkpoint, null where it was not asked.
 */
final class AttemptRows {
    static final String ACCEPTED = "accepted";

    static final StructType SCHEMA = new StructType()
            .add("prompt_id", DataTypes.StringType)
            .add("policy", DataTypes.StringType)
            .add("sample", DataTypes.IntegerType)
            .add("type", DataTypes.StringType)
            .add("content", DataTypes.StringType)
            .add("outcome", DataTypes.StringType)
            .add("rejected", DataTypes.createArrayType(DataTypes.StringType))
            .add("prompt_tokens", DataTypes.LongType)
            .add("completion_tokens", DataTypes.LongType)
            .add("margin", DataTypes.DoubleType);

    static final Table TABLE =
            new Table(Table.ATTEMPTS, SCHEMA, List.of("prompt_id", "policy", "sample"), false, false);

    private AttemptRows() {}

    static Row row(
            String promptId,
            Policy policy,
            int sample,
            String content,
            String outcome,
            List<String> rejected,
            long promptTokens,
            long completionTokens,
            Double margin) {
        return RowFactory.create(
                promptId,
                policy.digest(),
                sample,
                policy.type().stored(),
                content,
                outcome,
                JavaConverters.asScalaBuffer(rejected).toSeq(),
                promptTokens,
                completionTokens,
                margin);
    }
}
