package org.ballast.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.util.HadoopInputFile;

/** What a run of the stages of a {@link ShardSet} left under its root, on any file system. */
final class ShardOutput {
    private static final Map<String, List<String>> TABLES = Map.of(
            ShardSet.PHOTOS, List.of("images", "samples", "quarantine"),
            ShardSet.CHATS, List.of("images", "prompts", "completions", "quarantine"));

    /** All that a finished stage may hold, with the checksums that Hadoop keeps on disks. */
    private static final Pattern FINISHED =
            Pattern.compile("(\\w+/(split=[^/]+/)?)?\\.?(part-[^/]+\\.parquet|_SUCCESS)(\\.crc)?"
                    + "|(manifests/)?\\.?[\\w-]+\\.json(\\.crc)?|\\.?README\\.md(\\.crc)?");
    /** Where Spark's and Hadoop's committers keep what is not committed. */
    private static final Pattern UNCOMMITTED = Pattern.compile(".*/(_temporary|__magic|\\.[^/]*)/.*|.*/\\.[^/]*");

    private final FileSystem files;
    private final Path root;

    ShardOutput(FileSystem files, String root) {
        this.files = files;
        this.root = new Path(root);
    }

    /** Path below the root of every file that is there now, with length and time. */
    Map<String, String> listing() throws IOException {
        Map<String, String> listing = new TreeMap<>();
        for (FileStatus status : all()) {
            listing.put(name(status), status.getLen() + " " + status.getModificationTime());
        }
        return listing;
    }

    /** Opens every Parquet file that a reader could see and fails on one without a whole footer; returns their number. */
    int requireWholeFiles() throws IOException {
        int whole = 0;
        for (FileStatus status : all()) {
            String name = "/" + name(status);
            if (!name.endsWith(".parquet") || UNCOMMITTED.matcher(name).matches()) {
                continue;
            }
            try (ParquetFileReader reader =
                    ParquetFileReader.open(HadoopInputFile.fromStatus(status, files.getConf()))) {
                assertThat(reader.getFooter().getBlocks()).as(name).isNotNull();
                whole++;
            } catch (FileNotFoundException e) {
                // deleted since it was listed
                continue;
            } catch (RuntimeException | IOException e) {
                if (files.exists(status.getPath())) {
                    throw new AssertionError("half-written file visible: " + name, e);
                }
            }
        }
        return whole;
    }

    /** Fails when there is a file that no finished stage has: waves, leases, temporary files. */
    void requireNothingLeft() throws IOException {
        for (FileStatus status : all()) {
            String name = name(status);
            String inStage = name.substring(name.indexOf('/') + 1);
            assertThat(inStage).as(name).matches(FINISHED);
            assertThat(inStage).doesNotStartWith("lease");
        }
    }

    /**
     * Fails unless both stages hold the rows of an undisturbed run on the disk, up to where the data set lies.
     *
     * @param data where this run read it
     * @param copies an empty folder on the disk
     */
    void requireSameAs(ShardRun undisturbed, String data, java.nio.file.Path copies) throws IOException {
        files.copyToLocalFile(false, root, new Path(copies.toUri()), true);
        java.nio.file.Path mine = copies.resolve(root.getName());
        for (Map.Entry<String, List<String>> stage : TABLES.entrySet()) {
            for (String table : stage.getValue()) {
                assertThat(rows(mine, stage.getKey(), table, data))
                        .as("%s/%s", stage.getKey(), table)
                        .isNotEmpty()
                        .isEqualTo(rows(
                                undisturbed.root(),
                                stage.getKey(),
                                table,
                                undisturbed.data().toString()));
            }
            assertThat(Stored.manifest(mine, stage.getKey()).path("rows"))
                    .isEqualTo(
                            Stored.manifest(undisturbed.root(), stage.getKey()).path("rows"));
        }
    }

    private static List<String> rows(java.nio.file.Path root, String stage, String table, String data) {
        return Stored.rows(root, stage, table).stream()
                .map(row -> row.replace("file:" + data, data).replace(data, "DATA"))
                .sorted()
                .toList();
    }

    private static String stripped(String name) {
        return name.startsWith("/") ? name.substring(1) : name;
    }

    private String name(FileStatus status) {
        return stripped(status.getPath()
                .toUri()
                .getPath()
                .substring(files.makeQualified(root).toUri().getPath().length()));
    }

    private List<FileStatus> all() throws IOException {
        List<FileStatus> all = new ArrayList<>();
        try {
            RemoteIterator<LocatedFileStatus> found = files.listFiles(root, true);
            while (found.hasNext()) {
                all.add(found.next());
            }
        } catch (FileNotFoundException e) {
            // a folder that went while it was walked: the files that were found before are looked at
        }
        return all;
    }
}
