package org.ballast.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(SparkExtension.class)
class SparkExtensionTest {
    @Test
    void runsTwoTasksOnOneSharedContext(JavaSparkContext spark, SparkSession session) {
        assertThat(session.sparkContext()).isSameAs(spark.sc());
        assertThat(spark.master()).isEqualTo("local[2]");
        assertThat(spark.parallelize(List.of(1, 2, 3), 2).map(x -> x * x).reduce(Integer::sum))
                .isEqualTo(14);
    }
}
