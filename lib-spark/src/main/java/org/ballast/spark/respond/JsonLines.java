package org.ballast.spark.respond;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.io.LongWritable;
import org.apache.hadoop.io.Text;
import org.apache.hadoop.mapreduce.Job;
import org.apache.hadoop.mapreduce.lib.input.FileInputFormat;
import org.apache.hadoop.mapreduce.lib.input.FileSplit;
import org.apache.hadoop.mapreduce.lib.input.TextInputFormat;
import org.apache.spark.api.java.JavaNewHadoopRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.ballast.core.data.Quarantined;
import org.ballast.core.data.Reason;
import org.ballast.core.data.RowRejected;
import scala.Tuple2;

/** JSON lines as {@link RequestRows}: each row one line, its position the line's number from 0. */
final class JsonLines {
    private static final ObjectMapper JSON = new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private JsonLines() {}

    static Dataset<Row> read(SparkSession spark, InputFiles files) throws IOException {
        Job job = Job.getInstance(new Configuration(spark.sparkContext().hadoopConfiguration()));
        for (FileStatus file : files.files()) {
            FileInputFormat.addInputPath(job, file.getPath());
        }
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        JavaNewHadoopRDD<LongWritable, Text> lines = (JavaNewHadoopRDD<LongWritable, Text>)
                context.newAPIHadoopRDD(job.getConfiguration(), TextInputFormat.class, LongWritable.class, Text.class);
        Broadcast<HashMap<String, Long>> firstLines = context.broadcast(firstLines(lines));
        JavaRDD<Row> rows = lines.mapPartitionsWithInputSplit(
                (split, part) -> {
                    FileSplit of = (FileSplit) split;
                    return rows(of.getPath().toString(), firstLines.value().get(name(of)), part);
                },
                false);
        return spark.createDataFrame(rows, RequestRows.SCHEMA);
    }

    /** Number of the first line of each split of a file. */
    private static HashMap<String, Long> firstLines(JavaNewHadoopRDD<LongWritable, Text> lines) {
        Map<String, TreeMap<Long, Long>> counts = new HashMap<>();
        List<Tuple2<Tuple2<String, Long>, Long>> counted = lines.mapPartitionsWithInputSplit(
                        (split, part) -> {
                            FileSplit of = (FileSplit) split;
                            long count = 0;
                            for (; part.hasNext(); part.next()) {
                                count++;
                            }
                            return List.of(new Tuple2<>(
                                            new Tuple2<>(of.getPath().toString(), of.getStart()), count))
                                    .iterator();
                        },
                        false)
                .collect();
        counted.forEach(one ->
                counts.computeIfAbsent(one._1._1, file -> new TreeMap<>()).put(one._1._2, one._2));
        HashMap<String, Long> first = new HashMap<>();
        counts.forEach((file, splits) -> {
            long line = 0;
            for (Map.Entry<Long, Long> split : splits.entrySet()) {
                first.put(file + "@" + split.getKey(), line);
                line += split.getValue();
            }
        });
        return first;
    }

    private static String name(FileSplit split) {
        return split.getPath() + "@" + split.getStart();
    }

    private static Iterator<Row> rows(String file, long firstLine, Iterator<Tuple2<LongWritable, Text>> lines) {
        List<Row> ahead = new ArrayList<>(1);
        return new Iterator<>() {
            private long line = firstLine;

            @Override
            public boolean hasNext() {
                while (ahead.isEmpty() && lines.hasNext()) {
                    String text = lines.next()._2.toString();
                    if (!text.isBlank()) {
                        ahead.add(row(file, line, text));
                    }
                    line++;
                }
                return !ahead.isEmpty();
            }

            @Override
            public Row next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                return ahead.remove(0);
            }
        };
    }

    /** One line; a row that cannot be used keeps its id where it has one. */
    static Row row(String file, long position, String line) {
        String id = null;
        try {
            JsonNode row = parse(line);
            id = scalar(row, RequestRows.ID);
            String prompt = text(row, RequestRows.PROMPT);
            if (id == null || id.isEmpty()) {
                throw new RowRejected(Reason.MISSING_FIELD, "the row has no id");
            }
            if (prompt == null) {
                throw new RowRejected(Reason.MISSING_FIELD, "the row has no prompt");
            }
            String response = text(row, RequestRows.RESPONSE);
            JsonNode image = image(row);
            byte[] picture = null;
            String path = null;
            if (image.isObject()) {
                path = text(image, "path");
                picture = bytes(image);
                if (path == null && picture == null) {
                    throw new RowRejected(Reason.MISSING_FIELD, "image has neither bytes nor path: " + shown(image));
                }
            } else if (!image.isMissingNode()) {
                path = text(row, "image");
            }
            return RowFactory.create(
                    file, position, id, prompt, response, picture == null ? path : null, picture, null, null, null);
        } catch (RowRejected e) {
            return RowFactory.create(
                    file,
                    position,
                    id,
                    null,
                    null,
                    null,
                    null,
                    e.reason().code(),
                    e.getMessage(),
                    Quarantined.bounded(line));
        }
    }

    private static JsonNode parse(String line) throws RowRejected {
        JsonNode row;
        try {
            row = JSON.readTree(line);
        } catch (JsonProcessingException e) {
            throw new RowRejected(Reason.NOT_A_ROW, "the line is no JSON: " + e.getOriginalMessage());
        }
        if (!row.isObject()) {
            throw new RowRejected(Reason.NOT_A_ROW, "the line is no JSON object, but " + shown(row));
        }
        return row;
    }

    /** The one picture of a row; missing where there is none. */
    private static JsonNode image(JsonNode row) throws RowRejected {
        if (row.hasNonNull("images")) {
            throw new RowRejected(
                    Reason.MANY_IMAGES, "the row has a list of images; one picture is read, from the field image");
        }
        JsonNode image = row.path("image");
        if (image.isArray()) {
            throw new RowRejected(
                    Reason.MANY_IMAGES, "image is a list of " + image.size() + "; a row has one picture at most");
        }
        return image.isNull() ? MissingNode.getInstance() : image;
    }

    private static byte[] bytes(JsonNode image) throws RowRejected {
        JsonNode bytes = image.path("bytes");
        if (bytes.isMissingNode() || bytes.isNull()) {
            return null;
        }
        try {
            byte[] decoded = bytes.isTextual() ? bytes.binaryValue() : null;
            if (decoded != null) {
                return decoded;
            }
        } catch (IOException e) {
            throw new RowRejected(Reason.MISSING_FIELD, "image.bytes is no base64: " + e.getMessage());
        }
        throw new RowRejected(Reason.MISSING_FIELD, "image.bytes must be base64 text, was " + shown(bytes));
    }

    private static String text(JsonNode row, String field) throws RowRejected {
        JsonNode value = row.path(field);
        if (value.isMissingNode() || value.isNull()) {
            return null;
        }
        if (!value.isTextual()) {
            throw new RowRejected(Reason.MISSING_FIELD, field + " must be a text, was " + shown(value));
        }
        return value.asText();
    }

    private static String scalar(JsonNode row, String field) throws RowRejected {
        return row.path(field).isIntegralNumber() ? row.path(field).asText() : text(row, field);
    }

    private static String shown(JsonNode value) {
        String text = value.toString();
        return text.length() <= 200 ? text : text.substring(0, 200) + "...";
    }
}
