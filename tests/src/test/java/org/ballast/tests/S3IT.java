package org.ballast.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.s3a.S3AFileSystem;
import org.apache.spark.internal.io.cloud.PathOutputCommitProtocol;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** {@code shard} on an S3 server on loopback, through S3A and its magic committer. */
final class S3IT extends StoreContract {
    private static S3Server server;

    @BeforeAll
    static void start() throws IOException, InterruptedException {
        server = new S3Server(Repository.emptyFolder("s3"));
    }

    @AfterAll
    static void stop() {
        if (server != null) {
            server.close();
        }
    }

    @Override
    String base() {
        return "s3a://" + S3Server.BUCKET + "/some/where";
    }

    @Override
    FileSystem files() throws IOException {
        return FileSystem.get(URI.create(base()), server.hadoop());
    }

    /** What {@code --packages org.apache.spark:spark-hadoop-cloud_2.12} would bring, from this test's own class path. */
    @Override
    List<String> sparkOptions() {
        String jars = Stream.of(
                        S3AFileSystem.class, PathOutputCommitProtocol.class, com.amazonaws.AmazonClientException.class)
                .map(type -> Path.of(
                        type.getProtectionDomain().getCodeSource().getLocation().getPath()))
                .map(Path::toString)
                .collect(Collectors.joining(":"));
        List<String> options = new ArrayList<>(List.of("--driver-class-path", jars));
        server.settings().forEach((key, value) -> {
            options.add("--conf");
            options.add("spark.hadoop." + key + "=" + value);
        });
        return options;
    }

    @Override
    void afterwards() throws Exception {
        assertThat(server.pendingUploads()).doesNotContain("<Upload>");
    }
}
