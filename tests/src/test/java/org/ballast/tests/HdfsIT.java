package org.ballast.tests;

import java.io.IOException;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** {@code shard} on a real HDFS: name node and data node on loopback. */
final class HdfsIT extends StoreContract {
    private static MiniDFSCluster cluster;

    @BeforeAll
    static void start() throws IOException {
        Configuration settings = new Configuration();
        settings.set("dfs.namenode.http-address", "127.0.0.1:0");
        cluster = new MiniDFSCluster.Builder(
                        settings, Repository.emptyFolder("hdfs").toFile())
                .numDataNodes(1)
                .build();
    }

    @AfterAll
    static void stop() {
        if (cluster != null) {
            cluster.shutdown(true);
        }
    }

    @Override
    String base() {
        return cluster.getURI() + "/ballast";
    }

    @Override
    FileSystem files() throws IOException {
        return cluster.getFileSystem();
    }

    @Override
    List<String> sparkOptions() {
        return List.of("--conf", "spark.hadoop.dfs.client.use.datanode.hostname=false");
    }
}
