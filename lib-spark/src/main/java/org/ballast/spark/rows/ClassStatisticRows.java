package org.ballast.spark.rows;

import java.util.Locale;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.core.data.Domain;
import org.ballast.core.longtail.ClassCount;
import org.ballast.core.longtail.ClassStatistic;
import org.ballast.core.metric.TailSplit;

/** Table {@code class_statistics}. */
public final class ClassStatisticRows {
    public static final StructType SCHEMA = new StructType()
            .add("table_name", DataTypes.StringType)
            .add("split", DataTypes.StringType)
            .add("domain", DataTypes.StringType)
            .add("label", DataTypes.IntegerType)
            .add("label_name", DataTypes.StringType)
            .add("samples", DataTypes.LongType)
            .add("prior", DataTypes.DoubleType)
            .add("band", DataTypes.StringType);

    private ClassStatisticRows() {}

    public static Row toRow(ClassStatistic statistic) {
        ClassCount count = statistic.count();
        return Columns.row(
                SCHEMA,
                count.table(),
                count.split(),
                count.domain() == null ? null : count.domain().stored(),
                count.label(),
                count.labelName(),
                count.samples(),
                statistic.prior(),
                statistic.band() == null ? null : statistic.band().name().toLowerCase(Locale.ROOT));
    }

    public static ClassStatistic fromRow(Row row) {
        String domain = Columns.text(row, "domain");
        String band = Columns.text(row, "band");
        return new ClassStatistic(
                new ClassCount(
                        Columns.text(row, "table_name"),
                        Columns.text(row, "split"),
                        domain == null ? null : Domain.of(domain),
                        Columns.integer(row, "label"),
                        Columns.text(row, "label_name"),
                        Columns.longInteger(row, "samples")),
                Columns.real(row, "prior"),
                band == null ? null : TailSplit.valueOf(band.toUpperCase(Locale.ROOT)));
    }
}
