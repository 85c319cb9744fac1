package org.ballast.spark.session;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What makes Spark commit to {@code s3a:} without renames: Spark's binding to Hadoop's committers by file system, and of
 * those for S3A the magic one, which needs no other store and no disk shared by the machines. Its files are multipart
 * uploads that the driver completes when the job commits, so no half-written object is ever visible.
 *
 * <p>The binding is in {@code spark-hadoop-cloud}, which clusters on S3 have or {@code --packages} brings; where it is
 * missing nothing is set. For other file systems it hands out the committer that they have without it.
 */
final class ObjectStoreCommitters {
    private static final String PROTOCOL = "org.apache.spark.internal.io.cloud.PathOutputCommitProtocol";
    private static final String PARQUET = "org.apache.spark.internal.io.cloud.BindingParquetOutputCommitter";
    private static final String S3A_FACTORY = "org.apache.hadoop.fs.s3a.commit.S3ACommitterFactory";

    private ObjectStoreCommitters() {}

    /** Settings of Spark for the classes that this loader finds. */
    static Map<String, String> settings(ClassLoader loader) {
        Map<String, String> settings = new LinkedHashMap<>();
        if (has(loader, PROTOCOL) && has(loader, PARQUET) && has(loader, S3A_FACTORY)) {
            settings.put("spark.sql.sources.commitProtocolClass", PROTOCOL);
            settings.put("spark.sql.parquet.output.committer.class", PARQUET);
            settings.put("spark.hadoop.mapreduce.outputcommitter.factory.scheme.s3a", S3A_FACTORY);
            settings.put("spark.hadoop.fs.s3a.committer.name", "magic");
            settings.put("spark.hadoop.fs.s3a.committer.magic.enabled", "true");
        }
        return settings;
    }

    private static boolean has(ClassLoader loader, String name) {
        try {
            Class.forName(name, false, loader);
            return true;
        } catch (ClassNotFoundException | NoClassDefFoundError e) {
            return false;
        }
    }
}
