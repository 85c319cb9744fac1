package org.ballast.spark.session;

import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;

/** Opens Spark as spark-submit set it up, with what Ballast's tables need. */
public final class Sessions {
    private Sessions() {}

    /**
     * The session of this run.
     *
     * <p>Columns are compared with their case, as Parquet stores them; a partition column keeps its text ({@code split=01}
     * is not the number 1); pictures and features are read row by row, for 4096 rows of them, a columnar batch, are gigabytes;
     * files are listed in the driver up to a size that the sample never reaches. Committers for object stores are set
     * where their classes are there and the user has not set others. On local threads no task waits for a place near
     * its data: nothing there ever offers it again, and a job over HDFS would wait for ever. A plugin deals out a rate of requests over all executors.
     */
    public static SparkSession open(String name) {
        SparkSession.Builder builder = SparkSession.builder()
                .appName(name)
                .config("spark.sql.sources.partitionColumnTypeInference.enabled", "false")
                .config("spark.sql.caseSensitive", "true")
                .config("spark.sql.parquet.enableNestedColumnVectorizedReader", "false")
                .config("spark.sql.session.timeZone", "UTC")
                .config("spark.sql.adaptive.enabled", "false")
                .config("spark.sql.shuffle.partitions", "8")
                .config("spark.sql.catalogImplementation", "in-memory");
        SparkConf given = new SparkConf();
        ObjectStoreCommitters.settings(Thread.currentThread().getContextClassLoader())
                .forEach((key, value) -> {
                    if (!given.contains(key)) {
                        builder.config(key, value);
                    }
                });
        String plugins = given.get("spark.plugins", "");
        builder.config("spark.plugins", (plugins.isEmpty() ? "" : plugins + ",") + RequestRate.class.getName());
        if (given.get("spark.master", "").startsWith("local")) {
            builder.config("spark.locality.wait", "0s");
        }
        return builder.getOrCreate();
    }
}
