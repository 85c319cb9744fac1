package org.ballast.spark;

import com.holdenkarau.spark.testing.SharedJavaSparkContext;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * One Spark context ({@code local[2]}, no UI) for the whole test JVM, handed to test methods and constructors that take
 * a {@link JavaSparkContext} or a {@link SparkSession}; it is closed at the end of the run, so a test must not stop it.
 */
public final class SparkExtension implements BeforeAllCallback, ParameterResolver {
    private static final ExtensionContext.Namespace NAMESPACE = ExtensionContext.Namespace.create(SparkExtension.class);

    /** The context of spark-testing-base, started once and closed with JUnit's root store. */
    private static final class SharedContext extends SharedJavaSparkContext
            implements ExtensionContext.Store.CloseableResource {
        SharedContext() {
            runBefore();
        }

        @Override
        public SparkConf conf() {
            return super.conf()
                    .setMaster("local[2]")
                    .set("spark.ui.enabled", "false")
                    .set("spark.log.level", "WARN")
                    .set("spark.driver.host", "127.0.0.1")
                    .set("spark.driver.bindAddress", "127.0.0.1")
                    .set("spark.sql.shuffle.partitions", "4");
        }

        @Override
        public void close() {
            SharedJavaSparkContext.runAfterClass();
        }
    }

    private static SharedContext shared(ExtensionContext context) {
        return context.getRoot()
                .getStore(NAMESPACE)
                .getOrComputeIfAbsent(SharedContext.class, key -> new SharedContext(), SharedContext.class);
    }

    @Override
    public void beforeAll(ExtensionContext context) {
        shared(context);
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        Class<?> type = parameter.getParameter().getType();
        return type == JavaSparkContext.class || type == SparkSession.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        JavaSparkContext spark = shared(context).jsc();
        return parameter.getParameter().getType() == JavaSparkContext.class
                ? spark
                : SparkSession.builder().sparkContext(spark.sc()).getOrCreate();
    }
}
