package org.ballast.spark.shard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.ballast.core.data.ItemRandom;
import org.ballast.core.data.Reason;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Rows and files made to break a reader: each is quarantined or refused by name, and spoils no other row. */
class HostileRowsTest {
    private static final Configuration HADOOP = new Configuration();
    private static final ClassNames CLASSES = new ClassNames(List.of("cat", "dog"), List.of());

    private static ShardInput input(AnnotationLayout format) {
        ShardInput input = ShardInput.of(format, "a.json", format.holdsPictures() ? null : "images", "train", "s");
        return format.gives() == null ? input.withGives(AnnotationLayout.Gives.PROMPTS) : input;
    }

    private static List<Candidate> read(SourceRows rows, ShardInput input) throws IOException {
        List<Candidate> candidates = new ArrayList<>();
        try (rows) {
            while (rows.advance()) {
                candidates.addAll(CandidateRows.of(rows.row(), new RowContext(input, 0, 0, rows.position(), CLASSES)));
            }
        }
        return candidates;
    }

    private static List<Candidate> read(byte[] json, ShardInput input) throws IOException {
        String wrapper = input.format() == AnnotationLayout.MINIGPT4 ? MiniGpt4Format.ANNOTATIONS : null;
        return read(new JsonRows(input.annotations(), new ByteArrayInputStream(json), wrapper), input);
    }

    private static final List<String> GOOD = List.of(
            "OPENMMLO {'image_id': 'a', 'image': 'a.png', 'text_input': 't', 'label': 1}",
            "LLAVA_INSTRUCT {'id': 'a', 'image': 'a.png', 'conversations': [{'from': 'human', 'value': 'q'}, {'from': 'gpt', 'value': 'a'}]}",
            "BPO {'id': 'a', 'image': 'a.png', 'prompt': 'p', 'completions': [{'score': 1, 'response': 'r', 'type': 'gt'}]}",
            "VLFEEDBACK {'id': 'a', 'prompt': 'p', 'completions': [{'response': 'r', 'model': 'm', 'annotations': {'H': {'Rating': '4'}}}]}",
            "RLAIF_V {'idx': 1, 'image': 'a.png', 'question': 'q', 'chosen': 'c', 'rejected': 'r'}",
            "MINIGPT4 {'image_id': 'a', 'caption': 'c'}");

    private static String good(AnnotationLayout format) {
        return GOOD.stream()
                .filter(row -> row.startsWith(format.name() + " "))
                .findFirst()
                .orElseThrow()
                .substring(format.name().length() + 1)
                .replace('\'', '"');
    }

    /** The row between two good ones, as an array and as lines: only that row is lost, and says why. */
    private static void isQuarantined(AnnotationLayout format, byte[] row, String reason, String shown)
            throws IOException {
        for (String[] form : new String[][] {{"[", ",", "]"}, {"", "\n", ""}}) {
            if (form[0].isEmpty() && format == AnnotationLayout.MINIGPT4) {
                continue;
            }
            ByteArrayOutputStream file = new ByteArrayOutputStream();
            file.writeBytes((form[0] + good(format) + form[1]).getBytes(StandardCharsets.UTF_8));
            file.writeBytes(row);
            file.writeBytes((form[1] + good(format) + form[2]).getBytes(StandardCharsets.UTF_8));
            List<Candidate> candidates = read(file.toByteArray(), input(format));
            assertThat(candidates).hasSize(3);
            assertThat(candidates.get(0).reason()).isNull();
            assertThat(candidates.get(2).reason()).isNull();
            Candidate hostile = candidates.get(1);
            assertThat(hostile.position()).isEqualTo(1);
            assertThat(hostile.reason()).as(hostile.message()).isNotNull();
            assertThat(hostile.reason().code()).as(hostile.message()).isEqualTo(reason);
            assertThat(hostile.message()).contains(shown).hasSizeLessThan(1_000);
            assertThat(hostile.raw()).hasSizeLessThanOrEqualTo(2_000);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "OPENMMLO|{'image_id': 'x', 'image': '../../etc/passwd', 'text_input': 't', 'label': 1}|path-escapes-root|climbs",
                "OPENMMLO|{'image_id': 'x', 'image': '/etc/passwd', 'text_input': 't', 'label': 1}|path-escapes-root|absolute",
                "OPENMMLO|{'image_id': 'x', 'image': 'a/b/../../../c.png', 'text_input': 't', 'label': 1}|path-escapes-root|climbs",
                "OPENMMLO|{'image_id': 'x', 'image': 'a\\u0000.png', 'text_input': 't', 'label': 1}|image-missing|NUL",
                "OPENMMLO|{'image_id': 'x', 'image': ['a.png', 'b.png'], 'text_input': 't', 'label': 1}|many-images|b.png",
                "OPENMMLO|{'image_id': 'x', 'image': {'path': 'a.png'}, 'text_input': 't', 'label': 1}|missing-field|path",
                "OPENMMLO|{'image_id': {'a': 1}, 'image': 'a.png', 'text_input': 't', 'label': 1}|missing-field|image_id",
                "OPENMMLO|{'image_id': 1.5, 'image': 'a.png', 'text_input': 't', 'label': 1}|missing-field|1.5",
                "OPENMMLO|{'image_id': '', 'image': 'a.png', 'text_input': 't', 'label': 1}|missing-field|image_id",
                "OPENMMLO|{'image_id': 'x', 'image': 'a.png', 'text_input': 7, 'label': 1}|missing-field|text_input",
                "OPENMMLO|{'image_id': 'x', 'image': 'a.png', 'text_input': 't', 'label': 2147483648}|bad-label|2147483648",
                "OPENMMLO|{'image_id': 'x', 'image': 'a.png', 'text_input': 't', 'label': -1}|bad-label|-1",
                "OPENMMLO|{'image_id': 'x', 'image': 'a.png', 'text_input': 't', 'label': 1e400}|bad-label|Infinity",
                "OPENMMLO|{'image_id': 'x', 'image': 'a.png', 'text_input': 't', 'label': 1.0}|bad-label|1.0",
                "OPENMMLO|{'image_id': 'x', 'image': 'a.png', 'text_input': 't', 'label': NaN}|malformed-row|NaN",
                "OPENMMLO|{'image_id': 'x', 'image': 'a.png', 'text_input': 't', 'label': 01}|malformed-row|zeroes",
                "OPENMMLO|{'image_id': 'x', 'image_id': 'y', 'image': 'a.png', 'text_input': 't', 'label': 1}|malformed-row|Duplicate field 'image_id'",
                "OPENMMLO|{'image_id': 'x', 'image': 'a.png', 'text_input': '\\ud83d', 'label': 1}|malformed-row|surrogate",
                "OPENMMLO|{'image_id': 'x', 'image': 'a.png', 'text_input': '\\x41', 'label': 1}|malformed-row|escape",
                "OPENMMLO|{'image_id': 'x' 'image': 'a.png'}|malformed-row|comma",
                "OPENMMLO|{'image_id': 'x',}|malformed-row|double-quote",
                "OPENMMLO|{image_id: 'x'}|malformed-row|quote",
                "OPENMMLO|{'image_id': 'x' /* */}|malformed-row|comment",
                "OPENMMLO|[['image_id', 'x']]|not-a-row|must be an object",
                "OPENMMLO|'image_id'|not-a-row|image_id",
                "OPENMMLO|null|not-a-row|null",
                "OPENMMLO|12|not-a-row|12",
                "OPENMMLO|-|malformed-row|line",
                "OPENMMLO|{}|missing-field|image_id",
                "LLAVA_INSTRUCT|{'id': 'x', 'conversations': {'from': 'human'}}|missing-field|array",
                "LLAVA_INSTRUCT|{'id': 'x', 'conversations': [1, 2]}|bad-conversation|human",
                "LLAVA_INSTRUCT|{'id': 'x', 'conversations': [{'from': 'human', 'value': 'q'}, {'from': 'human', 'value': 'a'}]}|bad-conversation|gpt",
                "LLAVA_INSTRUCT|{'id': 'x', 'image': [], 'conversations': [{'from': 'human', 'value': 'q'}, {'from': 'gpt', 'value': 'a'}]}|missing-field|image",
                "LLAVA_INSTRUCT|{'id': 'x', 'label': 'cat', 'conversations': [{'from': 'human', 'value': 'q'}, {'from': 'gpt', 'value': 'a'}]}|bad-label|cat",
                "BPO|{'id': 'x', 'prompt': 'p', 'completions': []}|missing-field|completions",
                "BPO|{'id': 'x', 'prompt': 'p', 'completions': [[]]}|missing-field|response",
                "BPO|{'id': 'x', 'prompt': 'p', 'completions': [{'score': 1, 'response': 'r', 'type': 'best'}]}|missing-field|best",
                "BPO|{'id': 'x', 'prompt': 'p', 'completions': [{'score': '1', 'response': 'r', 'type': 'gt'}]}|missing-field|score",
                "BPO|{'id': 'x', 'prompt': 'p', 'completions': [{'score': 1e999, 'response': 'r', 'type': 'gt'}]}|not-finite|Infinity",
                "BPO|{'id': 'x', 'prompt': 'p', 'completions': [{'score': Infinity, 'response': 'r', 'type': 'gt'}]}|malformed-row|Infinity",
                "BPO|{'id': 'x', 'prompt': 'p', 'completions': [{'score': 1, 'response': ' ', 'type': 'gt'}]}|empty-response|says nothing",
                "BPO|{'id': 'x', 'prompt': ' ', 'completions': [{'score': 1, 'response': 'r', 'type': 'gt'}]}|missing-field|prompt",
                "VLFEEDBACK|{'id': 'x', 'prompt': 'p', 'completions': {'response': ['r'], 'annotations': []}}|missing-field|annotations must be a list of 1",
                "VLFEEDBACK|{'id': 'x', 'prompt': 'p', 'completions': [{'response': 'r', 'annotations': {'H': {'Rating': 'N/A'}}}]}|not-finite|N/A",
                "VLFEEDBACK|{'id': 'x', 'prompt': 'p', 'completions': [{'response': 'r', 'annotations': {'H': {'Rating': 'Infinity'}}}]}|not-finite|Infinity",
                "VLFEEDBACK|{'id': 'x', 'prompt': 'p', 'completions': [{'response': 'r', 'annotations': []}]}|missing-field|annotations",
                "VLFEEDBACK|{'id': '../x', 'prompt': 'p', 'completions': [{'response': 'r', 'annotations': {'H': {'Rating': '1'}}}]}|path-escapes-root|../x.jpg",
                "VLFEEDBACK|{'id': 'x', 'prompt': 'p', 'completions': 'r'}|missing-field|completions",
                "RLAIF_V|{'idx': 2, 'question': 'q', 'chosen': 'c', 'rejected': 'r'}|no-image|absent",
                "RLAIF_V|{'idx': 2, 'image': 'a.png', 'question': 'q', 'chosen': 'c', 'rejected': ''}|empty-response|rejected",
                "RLAIF_V|{'idx': null, 'image': 'a.png', 'question': 'q', 'chosen': 'c', 'rejected': 'r'}|missing-field|idx",
                "MINIGPT4|{'image_id': 'x', 'caption': null}|missing-field|caption",
                "MINIGPT4|{'image_id': '../x', 'caption': 'c'}|path-escapes-root|../x.jpg",
            })
    void rowsAreQuarantinedWithTheirValue(AnnotationLayout format, String row, String reason, String shown)
            throws IOException {
        isQuarantined(format, row.replace('\'', '"').getBytes(StandardCharsets.UTF_8), reason, shown);
    }

    @ParameterizedTest
    @ValueSource(strings = {"c0ae", "c080", "eda080", "ff", "c3", "f8888080", "f4908080", "80"})
    void bytesThatAreNoUtf8AreQuarantined(String hex) throws IOException {
        ByteArrayOutputStream row = new ByteArrayOutputStream();
        row.writeBytes("{\"image_id\": \"x".getBytes(StandardCharsets.UTF_8));
        row.writeBytes(java.util.HexFormat.of().parseHex(hex));
        row.writeBytes(
                "\", \"image\": \"a.png\", \"text_input\": \"t\", \"label\": 1}".getBytes(StandardCharsets.UTF_8));
        isQuarantined(AnnotationLayout.OPENMMLO, row.toByteArray(), "malformed-row", "no UTF-8");
    }

    @Test
    void oversizedAndOverdeepRowsAreQuarantined() throws IOException {
        String deep = "[".repeat(10_000) + "]".repeat(10_000);
        String objects = "{\"a\":".repeat(10_000) + "1" + "}".repeat(10_000);
        for (String value : List.of(deep, objects)) {
            isQuarantined(
                    AnnotationLayout.OPENMMLO,
                    ("{\"image_id\": " + value + "}").getBytes(StandardCharsets.UTF_8),
                    "malformed-row",
                    "nesting depth");
        }
        String huge = "x".repeat(JsonRows.MAX_ROW_BYTES);
        isQuarantined(
                AnnotationLayout.OPENMMLO,
                ("{\"image_id\": \"" + huge + "\"}").getBytes(StandardCharsets.UTF_8),
                "too-long",
                "bytes");
        isQuarantined(
                AnnotationLayout.OPENMMLO,
                ("{\"image_id\": \"" + huge.substring(0, 5_000) + "\", \"image\": \"a\"}")
                        .getBytes(StandardCharsets.UTF_8),
                "too-long",
                "5000 characters");
        isQuarantined(
                AnnotationLayout.OPENMMLO,
                ("{\"image_id\": 1" + "0".repeat(5_000) + "}").getBytes(StandardCharsets.UTF_8),
                "malformed-row",
                "5001");
        String turn = "{\"from\": \"human\", \"value\": \"q\"}, {\"from\": \"gpt\", \"value\": \"a\"}";
        isQuarantined(
                AnnotationLayout.LLAVA_INSTRUCT,
                ("{\"id\": 1, \"conversations\": [" + (turn + ", ").repeat(1_000) + turn + "]}")
                        .getBytes(StandardCharsets.UTF_8),
                "too-long",
                "1001");
        String completion = "{\"score\": 1, \"response\": \"r\", \"type\": \"gt\"}";
        isQuarantined(
                AnnotationLayout.BPO,
                ("{\"id\": 1, \"prompt\": \"p\", \"completions\": [" + (completion + ", ").repeat(1_000) + completion
                                + "]}")
                        .getBytes(StandardCharsets.UTF_8),
                "too-long",
                "1001");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "openmmlo.json",
                "openmmlo.jsonl",
                "llava-instruct.json",
                "bpo.json",
                "vlfeedback.jsonl",
                "minigpt4/filter_cap.json"
            })
    void aFileThatIsCutAnywhereIsRefusedOrLosesItsLastRow(String sample) throws IOException {
        byte[] whole = Files.readAllBytes(FormatSamplesTest.SAMPLES.resolve(sample));
        AnnotationLayout format = FormatSamplesTest.options(FormatSamplesTest.sample(sample)).inputs().stream()
                .map(input -> ShardPlanner.plan(HADOOP, FormatSamplesTest.options(input)))
                .map(plan -> plan.options().inputs().get(0).format())
                .findFirst()
                .orElseThrow();
        List<Candidate> all = read(whole, input(format));
        for (int length = 0; length < whole.length - 1; length++) {
            byte[] cut = Arrays.copyOf(whole, length);
            List<Candidate> rows;
            try {
                rows = read(cut, input(format));
            } catch (AnnotationException e) {
                assertThat(e).hasMessageContaining("a.json");
                continue;
            }
            assertThat(sample).as("cut at " + length).endsWith(".jsonl");
            for (int i = 0; i < rows.size(); i++) {
                Candidate row = rows.get(i);
                if (i == rows.size() - 1 && row.reason() != null) {
                    assertThat(row.reason()).isIn(Reason.MALFORMED_ROW, Reason.NOT_A_ROW);
                } else {
                    assertThat(row).isEqualTo(all.get(i));
                }
            }
        }
    }

    private static ShardInput file(AnnotationLayout format, Path file) {
        ShardInput input = ShardInput.of(format, file.toString(), null, "train", "s");
        return format.gives() == null ? input.withGives(AnnotationLayout.Gives.PROMPTS) : input;
    }

    /** Reads all of it; returns how many rows there were, or -1 when it was refused by name. */
    private static int rows(ShardInput input) throws IOException {
        org.apache.hadoop.fs.Path place = new org.apache.hadoop.fs.Path(input.annotations());
        try {
            return read(SourceRows.open(HADOOP, input, place), input).size();
        } catch (AnnotationException e) {
            assertThat(e).hasMessageContaining(place.getName());
            return -1;
        }
    }

    @Test
    void brokenParquetFilesAreRefused(@TempDir Path folder) throws IOException {
        byte[] whole = Files.readAllBytes(FormatSamplesTest.SAMPLES.resolve("rlaif-v.parquet"));
        Path file = folder.resolve("broken.parquet");
        ShardInput input = file(AnnotationLayout.RLAIF_V, file);
        for (int length = 0; length < whole.length; length += 251) {
            Files.write(file, Arrays.copyOf(whole, length));
            assertThat(rows(input)).as("cut at " + length).isEqualTo(-1);
        }
        Files.writeString(file, "PAR1 this is no Parquet file PAR1");
        assertThat(rows(input)).isEqualTo(-1);
        RandomGenerator random = ItemRandom.of(5, "noise", "parquet", 0);
        int refused = 0;
        for (int i = 0; i < 150; i++) {
            byte[] changed = whole.clone();
            for (int j = 0; j < 3; j++) {
                // the second half is mostly footer
                changed[changed.length / 2 + random.nextInt(changed.length / 2)] = (byte) random.nextInt(256);
            }
            Files.write(file, changed);
            refused += rows(input) < 0 ? 1 : 0;
        }
        assertThat(refused).isGreaterThan(10);
    }

    private static byte[] tar(Object... namesAndBodies) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (TarArchiveOutputStream out = new TarArchiveOutputStream(bytes)) {
            out.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
            for (int i = 0; i < namesAndBodies.length; i += 2) {
                byte[] body = namesAndBodies[i + 1] instanceof byte[] given
                        ? given
                        : ((String) namesAndBodies[i + 1]).getBytes(StandardCharsets.UTF_8);
                TarArchiveEntry entry = new TarArchiveEntry((String) namesAndBodies[i], true);
                entry.setSize(body.length);
                out.putArchiveEntry(entry);
                out.write(body);
                out.closeArchiveEntry();
            }
        }
        return bytes.toByteArray();
    }

    private static List<Candidate> shard(byte[] tar) throws IOException {
        ShardInput input = ShardInput.of(AnnotationLayout.WEBDATASET, "s.tar", null, "train", "s")
                .withGives(AnnotationLayout.Gives.PROMPTS);
        return read(new WebDatasetRows("s.tar", new ByteArrayInputStream(tar)), input);
    }

    private static String outcome(Object... namesAndBodies) throws IOException {
        List<Candidate> rows = shard(tar(namesAndBodies));
        assertThat(rows).hasSize(1);
        return rows.get(0).reason() == null ? "good" : rows.get(0).reason().code();
    }

    @Test
    void hostileTarMembersAreQuarantined() throws IOException {
        assertThat(outcome("a.png", "p", "a.txt", "t")).isEqualTo("good");
        assertThat(outcome("../a.png", "p", "../a.txt", "t")).isEqualTo("path-escapes-root");
        assertThat(outcome("/etc/a.png", "p", "/etc/a.txt", "t")).isEqualTo("path-escapes-root");
        assertThat(outcome("a.txt", "t")).isEqualTo("no-image");
        assertThat(outcome("a.png", "p")).isEqualTo("missing-field");
        assertThat(outcome("a.png", "p", "a.txt", " \n")).isEqualTo("empty-response");
        assertThat(outcome("a.left.png", "p", "a.right.jpg", "q", "a.txt", "t")).isEqualTo("many-images");
        assertThat(outcome("a.png", "p", "a.txt", "t", "a.txt", "u")).isEqualTo("malformed-row");
        assertThat(outcome("a.png", "p", "a.txt", new byte[] {'t', (byte) 0xff}))
                .isEqualTo("malformed-row");
        assertThat(outcome("a.png", "p", "a.json", "{\"caption\": ")).isEqualTo("malformed-row");
        assertThat(outcome("a.png", "p", "a.json", "[1]")).isEqualTo("not-a-row");
        assertThat(outcome("a.png", "p", "a.json", "{\"caption\": [1]}")).isEqualTo("missing-field");
        assertThat(outcome("a.png", "p", "a.txt", new byte[JsonRows.MAX_ROW_BYTES + 1]))
                .isEqualTo("too-long");
        assertThat(outcome("x".repeat(2_000) + ".png", "p", "x".repeat(2_000) + ".txt", "t"))
                .isEqualTo("too-long");
        List<Object> many = new ArrayList<>(List.of("a.png", "p"));
        for (int i = 0; i < 200; i++) {
            many.addAll(List.of("a.%d.bin".formatted(i), "b"));
        }
        assertThat(outcome(many.toArray())).isEqualTo("too-long");
        // neither metadata nor what has no extension is a sample
        assertThat(shard(tar("__meta__/a.json", "{}", "README", "r", ".hidden.txt", "h", "a/", "")))
                .isEmpty();
    }

    @Test
    void brokenTarsAreRefused(@TempDir Path folder) throws IOException {
        byte[] whole = tar("a.png", "p", "a.json", "{\"caption\": \"" + "c".repeat(2_000) + "\"}", "b.png", "q");
        Path file = folder.resolve("s.tar");
        ShardInput input = file(AnnotationLayout.WEBDATASET, file);
        Files.write(file, Arrays.copyOf(whole, 1_800));
        assertThat(rows(input)).isEqualTo(-1);
        Files.write(file, "no tar at all ".repeat(100).getBytes(StandardCharsets.UTF_8));
        assertThat(rows(input)).isEqualTo(-1);
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(packed)) {
            out.write(whole);
        }
        Path gzip = folder.resolve("s.tar.gz");
        Files.write(gzip, packed.toByteArray());
        assertThat(rows(file(AnnotationLayout.WEBDATASET, gzip))).isEqualTo(2);
        Files.write(gzip, Arrays.copyOf(packed.toByteArray(), packed.size() / 2));
        assertThat(rows(file(AnnotationLayout.WEBDATASET, gzip))).isEqualTo(-1);
        Files.write(gzip, whole);
        assertThat(rows(file(AnnotationLayout.WEBDATASET, gzip))).isEqualTo(-1);
    }

    @Test
    void packedJsonIsReadAndABombIsPassedOverWithoutBeingHeld(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("a.json.gz");
        byte[] zeros = new byte[1 << 20];
        Arrays.fill(zeros, (byte) 'x');
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
            out.write("[{\"id\": \"".getBytes(StandardCharsets.UTF_8));
            for (int i = 0; i < 300; i++) {
                out.write(zeros);
            }
            out.write(("\"}, " + good(AnnotationLayout.BPO) + "]").getBytes(StandardCharsets.UTF_8));
        }
        assertThat(Files.size(file)).isLessThan(1_000_000);
        ShardInput input = file(AnnotationLayout.BPO, file);
        List<Candidate> rows =
                read(SourceRows.open(HADOOP, input, new org.apache.hadoop.fs.Path(file.toString())), input);
        assertThat(rows).extracting(Candidate::reason).containsExactly(Reason.TOO_LONG, null);
    }

    @Test
    void hostileFoldersAreQuarantinedOrRefused(@TempDir Path folder) throws IOException {
        Path secret = Files.writeString(folder.resolve("secret.txt"), "secret");
        Path pictures = Files.createDirectories(folder.resolve("pictures"));
        for (String name : List.of("link", "bad", "json", "none", "good")) {
            Files.writeString(pictures.resolve(name + ".png"), name);
        }
        Files.createSymbolicLink(pictures.resolve("link.txt"), secret);
        Files.write(pictures.resolve("bad.txt"), new byte[] {(byte) 0xc3, 'x'});
        Files.writeString(pictures.resolve("json.json"), "{\"caption\": \"c\", \"caption\": \"d\"}");
        Files.writeString(pictures.resolve("good.txt"), "\ufeffa caption\r\n");
        ShardInput input = file(AnnotationLayout.IMAGE_FOLDER, pictures);
        List<Candidate> rows =
                read(SourceRows.open(HADOOP, input, new org.apache.hadoop.fs.Path(pictures.toString())), input);
        assertThat(rows)
                .extracting(row -> row.reason() == null
                        ? row.completions().get(0).response()
                        : row.reason().code())
                .containsExactly("malformed-row", "a caption", "malformed-row", "path-escapes-root", "missing-field");
        assertThat(rows).noneMatch(row -> String.valueOf(row.raw()).contains("secret\""));
        Path listed = Files.createDirectories(folder.resolve("listed"));
        Files.writeString(
                listed.resolve("metadata.jsonl"),
                "{\"file_name\": \"../secret.png\", \"text\": \"t\"}\n{\"file_name\": 3, \"text\": \"t\"}\n[]\n{\"file_name\": \"a.png\", \"text\": \"t\"}\n");
        ShardInput metadata = file(AnnotationLayout.IMAGE_FOLDER, listed);
        assertThat(read(SourceRows.open(HADOOP, metadata, new org.apache.hadoop.fs.Path(listed.toString())), metadata))
                .extracting(row -> row.reason() == null ? "good" : row.reason().code())
                .containsExactly("path-escapes-root", "missing-field", "not-a-row", "good");
        Files.move(listed.resolve("metadata.jsonl"), listed.resolve("metadata.csv"));
        assertThatThrownBy(() -> ShardPlanner.plan(
                        HADOOP,
                        FormatSamplesTest.options(
                                ShardInput.of(AnnotationLayout.IMAGE_FOLDER, listed.toString(), null, "train", "s"))))
                .isInstanceOf(ShardInputException.class)
                .hasMessageContaining("metadata.csv is not read");
    }

    private static byte[] idx(int magic, int... fields) {
        ByteBuffer bytes = ByteBuffer.allocate(4 + 4 * fields.length + 8);
        bytes.putInt(magic);
        for (int field : fields) {
            bytes.putInt(field);
        }
        return bytes.array();
    }

    /** Rows of the two files, or why they are refused; and, where rows are read, why their pictures are not copied. */
    private static String idx(Path folder, byte[] pictures, byte[] labels) throws IOException {
        Path file = folder.resolve("x-images-idx3-ubyte");
        Files.write(file, pictures);
        Files.deleteIfExists(folder.resolve("x-labels-idx1-ubyte"));
        if (labels != null) {
            Files.write(folder.resolve("x-labels-idx1-ubyte"), labels);
        }
        ShardInput input = file(AnnotationLayout.IDX, file);
        org.apache.hadoop.fs.Path place = new org.apache.hadoop.fs.Path(file.toString());
        try {
            int rows = read(SourceRows.open(HADOOP, input, place), input).size();
            PackedPictures.unpack(
                    HADOOP,
                    new ImageRoot(0, "x", place.toString(), ImageRoot.Kind.IDX),
                    new org.apache.hadoop.fs.Path(folder.resolve("x.tar").toString()));
            return rows + " rows";
        } catch (AnnotationException e) {
            assertThat(folder.resolve("x.tar")).doesNotExist();
            return e.getMessage();
        }
    }

    @Test
    void brokenIdxFilesAreRefused(@TempDir Path folder) throws IOException {
        byte[] labels = Arrays.copyOf(idx(0x801, 2), 10);
        // two pictures of 2 x 2 are the eight bytes behind the header
        byte[] pictures = idx(0x803, 2, 2, 2);
        assertThat(idx(folder, idx(0x802, 2, 2, 2), labels)).contains("is no IDX file of pictures", "00000802");
        assertThat(idx(folder, idx(0x803, -1, 2, 2), labels)).contains("-1 pictures");
        assertThat(idx(folder, idx(0x803, 2, 1 << 30, 2), labels)).contains("2 x 1073741824");
        assertThat(idx(folder, idx(0x803, 2, 0, 2), labels)).contains("2 x 0");
        assertThat(idx(folder, Arrays.copyOf(pictures, 9), labels)).contains("no whole IDX file");
        assertThat(idx(folder, pictures, null)).contains("x-labels-idx1-ubyte is not there");
        assertThat(idx(folder, pictures, idx(0x801, 3))).contains("2 pictures", "3 labels");
        assertThat(idx(folder, pictures, Arrays.copyOf(labels, 6))).contains("no whole IDX file");
        assertThat(idx(folder, pictures, Arrays.copyOf(labels, 9))).contains("end at 1 of 2");
        assertThat(idx(folder, Arrays.copyOf(pictures, 23), labels)).contains("ends at picture 1 of 2");
        assertThat(idx(folder, pictures, labels)).isEqualTo("2 rows");
    }
}
