package org.ballast.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import javax.imageio.ImageIO;
import org.ballast.core.data.Sha256;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Folders and archives of pictures that somebody made to do harm: rows go to quarantine, archives are refused whole. */
final class HostileFilesTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String GOOD = "good";

    @TempDir
    private Path folder;

    private Path images;

    @BeforeAll
    static void asSparkSubmitSetsIt() {
        Call.asSparkSubmitSetsIt();
    }

    @AfterAll
    static void clear() {
        Call.clear();
    }

    @BeforeEach
    void pictures() throws IOException {
        images = Files.createDirectories(folder.resolve("images"));
        Files.write(images.resolve("good.png"), png(1));
        Files.write(folder.resolve("secret.png"), png(2));
    }

    private static byte[] png(int shade) throws IOException {
        BufferedImage image = new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB);
        image.setRGB(1, 1, shade);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ImageIO.write(image, "png", out);
        return out.toByteArray();
    }

    @Test
    void noPathLeadsOutOfTheFolder() throws IOException, InterruptedException {
        Files.createDirectories(images.resolve("sub/folder.png"));
        Files.createDirectories(folder.resolve("outside"));
        Files.write(folder.resolve("outside/secret.png"), png(3));
        Files.createSymbolicLink(images.resolve("link-inside.png"), Path.of("good.png"));
        Files.createSymbolicLink(images.resolve("link-out.png"), Path.of("../secret.png"));
        Files.createSymbolicLink(images.resolve("link-absolute.png"), folder.resolve("secret.png"));
        Files.createSymbolicLink(images.resolve("link-out"), folder.resolve("outside"));
        Files.createSymbolicLink(images.resolve("link-zero.png"), Path.of("/dev/zero"));
        Files.createSymbolicLink(images.resolve("dangling.png"), Path.of("nowhere.png"));
        Files.createSymbolicLink(images.resolve("loop.png"), Path.of("loop.png"));
        Files.createSymbolicLink(images.resolve("loop-a.png"), Path.of("loop-b.png"));
        Files.createSymbolicLink(images.resolve("loop-b.png"), Path.of("loop-a.png"));
        Files.createSymbolicLink(images.resolve("up"), Path.of("."));
        assertThat(new ProcessBuilder("mkfifo", images.resolve("fifo.png").toString())
                        .start()
                        .waitFor())
                .isZero();

        Map<String, String> fates = new LinkedHashMap<>();
        fates.put("good.png", GOOD);
        fates.put("./sub/..//good.png", GOOD);
        fates.put("link-inside.png", GOOD);
        fates.put("up/up/up/good.png", GOOD);
        for (String out : new String[] {
            "../secret.png",
            "sub/../../secret.png",
            "..",
            "/etc/passwd",
            "//etc/passwd",
            folder.resolve("secret.png").toString(),
            "link-out.png",
            "link-absolute.png",
            "link-out/secret.png",
            "link-zero.png",
            "up/../../images/good.png"
        }) {
            fates.put(out, "path-escapes-root");
        }
        for (String missing : new String[] {
            "dangling.png",
            "loop.png",
            "loop-a.png",
            "fifo.png",
            "sub/folder.png",
            "sub",
            ".",
            "good.png/good.png",
            "good.png\0.jpg",
            "\0",
            "no\nline.png",
            "%2e%2e/secret.png",
            "..\\secret.png",
            "C:\\secret.png",
            "file:" + folder.resolve("secret.png"),
            "file:///etc/passwd",
            "hdfs://name-node:8020/secret.png",
            "s3a://bucket/secret.png",
            "http://127.0.0.1/secret.png",
            "*.png",
            "g??d.png",
            "{good,bad}.png",
            "[g]ood.png",
            "\u202egnp.doog",
            "x".repeat(300) + ".png",
            "x/".repeat(5_000) + "good.png"
        }) {
            fates.put(missing, "image-missing");
        }
        fates.put("good.png/", GOOD);
        assertThat(fates(shard(images, fates.keySet()))).isEqualTo(fates);
    }

    @Test
    void anArchiveGivesItsOwnPlainFilesOnly() throws IOException {
        Path tar = folder.resolve("images.tar");
        try (Tar out = new Tar(Files.newOutputStream(tar))) {
            out.file("good.png", png(1));
            out.file("./dotted//good.png", png(1));
            out.file("../secret.png", png(2));
            out.file("/absolute.png", png(2));
            out.file("sub/../../climbing.png", png(2));
            out.entry("hard.png", '1', "good.png", new byte[0]);
            out.entry("soft.png", '2', "/etc/passwd", new byte[0]);
            out.entry("device.png", '3', "", new byte[0]);
            out.entry("pipe.png", '6', "", new byte[0]);
            out.entry("folder.png/", '5', "", new byte[0]);
            out.file("empty.png", new byte[0]);
            out.pax("nul\0name.png", png(2));
            out.pax("x".repeat(3_000) + ".png", png(1));
            out.file("twice.png", "not this one".getBytes(StandardCharsets.UTF_8));
            out.file("twice.png", png(1));
            ByteArrayOutputStream inner = new ByteArrayOutputStream();
            try (Tar nested = new Tar(inner)) {
                nested.file("secret.png", png(2));
            }
            out.file("inner.png", inner.toByteArray());
        }
        Map<String, String> fates = new LinkedHashMap<>();
        for (String good : new String[] {"good.png", "dotted/good.png", "twice.png", "x".repeat(3_000) + ".png"}) {
            fates.put(good, GOOD);
        }
        for (String out : new String[] {"../secret.png", "/absolute.png", "sub/../../climbing.png"}) {
            fates.put(out, "path-escapes-root");
        }
        for (String missing : new String[] {
            "secret.png",
            "absolute.png",
            "climbing.png",
            "hard.png",
            "soft.png",
            "folder.png",
            "nul",
            "nulname.png",
            "inner.png/secret.png"
        }) {
            fates.put(missing, "image-missing");
        }
        fates.put("empty.png", "image-empty");
        fates.put("inner.png", "not-an-image");
        assertThat(fates(shard(tar, fates.keySet()))).isEqualTo(fates);
    }

    /** Archives that are broken as a whole. */
    private enum Broken {
        HUGE_SIZE,
        NEGATIVE_SIZE,
        SIZE_OF_LETTERS,
        NO_TAR,
        CUT_IN_A_PICTURE,
        NO_END,
        LONG_NAME_WITHOUT_END,
        PAX_WITHOUT_END,
        PAX_OF_HUGE_SIZE
    }

    @ParameterizedTest
    @EnumSource(Broken.class)
    void aBrokenArchiveIsRefusedWhole(Broken how) throws IOException {
        Path tar = folder.resolve("images.tar");
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        Tar out = new Tar(bytes);
        out.file("good.png", png(1));
        switch (how) {
            case HUGE_SIZE -> out.header("huge.png", '0', "", Tar.binary(Long.MAX_VALUE));
            case NEGATIVE_SIZE -> out.header("negative.png", '0', "", Tar.binary(-512));
            case SIZE_OF_LETTERS -> out.header("letters.png", '0', "", "lettersonly".getBytes(StandardCharsets.UTF_8));
            case NO_TAR -> bytes.reset();
            case CUT_IN_A_PICTURE -> out.header("cut.png", '0', "", Tar.octal(2_000));
            case LONG_NAME_WITHOUT_END -> out.header("././@LongLink", 'L', "", Tar.binary(1L << 40));
            case PAX_WITHOUT_END -> out.header("pax", 'x', "", Tar.binary(1L << 40));
            case PAX_OF_HUGE_SIZE -> out.paxRecord("size", Long.toString(Long.MAX_VALUE), "huge.png", png(1));
            case NO_END -> {}
        }
        if (how == Broken.NO_TAR) {
            bytes.write("x".repeat(5_000).getBytes(StandardCharsets.UTF_8));
        } else if (how != Broken.NO_END) {
            bytes.write(new byte[1_024]);
        }
        Files.write(tar, bytes.toByteArray());
        Call.Outcome outcome = shard(tar, Set.of("good.png"));
        Call.assertOneError(outcome, Main.FAILED, "images.tar");
        assertThat(folder.resolve("out/hostile/manifest.json")).doesNotExist();
    }

    /** Gigabytes in an archive of a hole: never in memory at once. */
    @ParameterizedTest
    @ValueSource(chars = {'0', 'L', 'x', 'g'})
    void anEntryOfGigabytesTakesNoMemory(char type) throws IOException {
        Path tar = bomb(type);
        Call.Outcome outcome = shard(tar, Set.of("good.png", "bomb.png"));
        if (type == '0') {
            assertThat(fates(outcome)).isEqualTo(Map.of("good.png", GOOD, "bomb.png", "image-too-large"));
        } else {
            Call.assertOneError(outcome, Main.FAILED, "bomb.tar");
        }
    }

    @ParameterizedTest
    @ValueSource(chars = {'L', 'x'})
    void aWebDatasetWithNamesOfGigabytesTakesNoMemory(char type) throws IOException {
        Path configuration = Files.writeString(
                folder.resolve("run.conf"),
                """
                root = "%s"
                stages.hostile { job = shard, format = webdataset, sources = [{ split = train, annotations = "%s" }] }
                """
                        .formatted(folder.resolve("out"), bomb(type)));
        Call.assertOneError(Call.run("shard", "--conf", configuration.toString()), Main.USAGE, "bomb.tar");
    }

    /** An archive whose second entry is a hole of gigabytes. */
    private Path bomb(char type) throws IOException {
        long size = 3L << 30;
        Path tar = folder.resolve("bomb.tar");
        try (OutputStream file = Files.newOutputStream(tar)) {
            Tar out = new Tar(file);
            out.file("good.png", png(1));
            out.header("bomb.png", type, "", Tar.binary(size));
        }
        try (RandomAccessFile file = new RandomAccessFile(tar.toFile(), "rw")) {
            file.setLength(file.length() + size + 1_024);
        }
        return tar;
    }

    @Test
    void aZipIsNoImageRoot() throws IOException {
        Path zip = folder.resolve("images.zip");
        try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(zip))) {
            out.putNextEntry(new ZipEntry("../good.png"));
            out.write(png(1));
        }
        Call.assertOneError(shard(zip, Set.of("good.png")), Main.USAGE, "images.zip", "neither a folder nor a .tar");
    }

    /** Files come, go and change while they are read: each row has one fate, and each picture is what its id says. */
    @Test
    void picturesThatChangeMeanwhileAreWholeOrOut() throws Exception {
        int count = 300;
        Map<String, String> rows = new LinkedHashMap<>();
        for (int i = 0; i < count; i++) {
            Files.write(images.resolve(i + ".png"), png(1_000 + i));
            rows.put(i + ".png", "");
        }
        AtomicBoolean running = new AtomicBoolean(true);
        Thread vandal = new Thread(() -> {
            Random random = new Random(5);
            while (running.get()) {
                Path file = images.resolve(random.nextInt(count) + ".png");
                try {
                    switch (random.nextInt(4)) {
                        case 0 -> Files.deleteIfExists(file);
                        case 1 -> Files.write(file, png(random.nextInt(1 << 24)));
                        case 2 -> Files.write(file, new byte[random.nextInt(100)]);
                        default -> Files.write(file, Arrays.copyOf(png(3), 40));
                    }
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        });
        vandal.start();
        Call.Outcome outcome;
        try {
            outcome = shard(images, rows.keySet());
        } finally {
            running.set(false);
            vandal.join();
        }
        Map<String, String> fates = fates(outcome);
        assertThat(fates.keySet()).isEqualTo(rows.keySet());
        assertThat(fates.values())
                .contains(GOOD)
                .isSubsetOf(GOOD, "image-missing", "image-empty", "not-an-image", "image-truncated", "image-corrupt");
    }

    private Call.Outcome shard(Path root, Set<String> paths) throws IOException {
        ArrayNode rows = JSON.createArrayNode();
        int row = 0;
        for (String path : paths) {
            rows.addObject()
                    .put("image_id", "r" + row++)
                    .put("image", path)
                    .put("text_input", path.substring(0, Math.min(20, path.length())))
                    .put("label", 0);
        }
        Path annotations = folder.resolve("rows.json");
        JSON.writeValue(annotations.toFile(), rows);
        Path configuration = Files.writeString(
                folder.resolve("run.conf"),
                """
                root = "%s"
                stages.hostile {
                  job = shard
                  format = openmmlo
                  images = "%s"
                  sources = [{ split = train, annotations = "%s" }]
                  max-failure-rate = 1.0
                }
                """
                        .formatted(folder.resolve("out"), root, annotations));
        return Call.run("shard", "--conf", configuration.toString());
    }

    /** What became of each path, after a look at the tables: pictures are what their ids say, and nothing was let in from outside. */
    private Map<String, String> fates(Call.Outcome outcome) throws IOException {
        assertThat(outcome.exit()).as(outcome.errors()).isEqualTo(Main.DONE);
        Path stage = folder.resolve("out/hostile");
        Map<String, String> byId = new TreeMap<>();
        StoredTable.of(stage, "samples").rows().forEach(row -> byId.put(row.text("sample_id"), GOOD));
        StoredTable.of(stage, "quarantine").rows().forEach(row -> assertThat(
                        byId.put(row.text("id"), row.text("reason")))
                .isNull());
        for (StoredTable.StoredRow image : StoredTable.of(stage, "images").rows()) {
            assertThat(Sha256.of(image.pictureBytes())).isEqualTo(image.text("image_id"));
            assertThat(image.pictureBytes()).isNotEqualTo(png(2)).isNotEqualTo(png(3));
        }
        Map<String, String> fates = new LinkedHashMap<>();
        try (InputStream in = Files.newInputStream(folder.resolve("rows.json"))) {
            JSON.readTree(in)
                    .forEach(row -> fates.put(
                            row.path("image").asText(),
                            byId.get(row.path("image_id").asText())));
        }
        return fates;
    }

    /** Writes tars that no library would. */
    private static final class Tar implements AutoCloseable {
        private static final int BLOCK = 512;

        private final OutputStream out;

        Tar(OutputStream out) {
            this.out = out;
        }

        void file(String name, byte[] body) throws IOException {
            entry(name, '0', "", body);
        }

        void entry(String name, char type, String link, byte[] body) throws IOException {
            header(name, type, link, octal(body.length));
            out.write(Arrays.copyOf(body, (body.length + BLOCK - 1) / BLOCK * BLOCK));
        }

        void pax(String name, byte[] body) throws IOException {
            paxRecord("path", name, "short", body);
        }

        void paxRecord(String key, String value, String name, byte[] body) throws IOException {
            String rest = " " + key + "=" + value + "\n";
            int length = rest.length();
            while (Integer.toString(length).length() + rest.length() != length) {
                length = Integer.toString(length).length() + rest.length();
            }
            entry("pax", 'x', "", (length + rest).getBytes(StandardCharsets.UTF_8));
            file(name, body);
        }

        void header(String name, char type, String link, byte[] size) throws IOException {
            byte[] header = new byte[BLOCK];
            put(header, 0, name.getBytes(StandardCharsets.UTF_8));
            put(header, 100, "0000644\0".getBytes(StandardCharsets.UTF_8));
            put(header, 108, "0000000\0".getBytes(StandardCharsets.UTF_8));
            put(header, 116, "0000000\0".getBytes(StandardCharsets.UTF_8));
            put(header, 124, size);
            put(header, 136, octal(0));
            put(header, 148, "        ".getBytes(StandardCharsets.UTF_8));
            header[156] = (byte) type;
            put(header, 157, link.getBytes(StandardCharsets.UTF_8));
            put(header, 257, "ustar\00000".getBytes(StandardCharsets.UTF_8));
            int sum = 0;
            for (byte b : header) {
                sum += b & 0xff;
            }
            put(header, 148, "%06o\0 ".formatted(sum).getBytes(StandardCharsets.UTF_8));
            out.write(header);
        }

        static byte[] octal(long size) {
            return "%011o\0".formatted(size).getBytes(StandardCharsets.UTF_8);
        }

        /** The GNU form for numbers that octal digits cannot hold: the highest bit set, then big endian. */
        static byte[] binary(long size) {
            byte[] field = new byte[12];
            Arrays.fill(field, size < 0 ? (byte) 0xff : 0);
            field[0] = size < 0 ? (byte) 0xff : (byte) 0x80;
            for (int i = 0; i < Long.BYTES; i++) {
                field[4 + i] = (byte) (size >>> 8 * (Long.BYTES - 1 - i));
            }
            return field;
        }

        private static void put(byte[] header, int at, byte[] bytes) {
            System.arraycopy(bytes, 0, header, at, bytes.length);
        }

        @Override
        public void close() throws IOException {
            out.write(new byte[2 * BLOCK]);
            out.close();
        }
    }
}
