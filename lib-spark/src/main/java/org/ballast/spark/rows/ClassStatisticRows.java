package org.ballast.spark.rows;

import java.util.Locale;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.core.longtail.ClassStatistic;
import org.ballast.core.metric.TailSplit;

/** Table {@code class_statistics}. */
public final class ClassStatisticRows {
    public static final StructType SCHEMA =
            ClassCountColumns.SCHEMA.add("prior", DataTypes.DoubleType).add("band", DataTypes.StringType);

    private ClassStatisticRows() {}

    public static Row toRow(ClassStatistic statistic) {
        return Columns.row(
                SCHEMA,
                ClassCountColumns.values(
                        statistic.count(),
                        statistic.prior(),
                        statistic.band() == null
                                ? null
                                : statistic.band().name().toLowerCase(Locale.ROOT)));
    }

    public static ClassStatistic fromRow(Row row) {
        String band = Columns.text(row, "band");
        return new ClassStatistic(
                ClassCountColumns.fromRow(row),
                Columns.real(row, "prior"),
                band == null ? null : TailSplit.valueOf(band.toUpperCase(Locale.ROOT)));
    }
}
