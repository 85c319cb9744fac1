package org.ballast.spark.export;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.core.data.Prompt;

/** Samples and prompts as WebDataset shards {@code <split>-NNNNNN.tar}: the members of a row stand together, picture first. */
final class WebDatasetRows {
    /** A member of a tar. */
    static final StructType MEMBER =
            new StructType().add("name", DataTypes.StringType).add("bytes", DataTypes.BinaryType);

    private WebDatasetRows() {}

    static Row member(String name, byte[] bytes) {
        return new GenericRowWithSchema(new Object[] {name, bytes}, MEMBER);
    }

    /** Texts beside the picture by the end of their name. */
    private interface Shards extends Assembler {
        Map<String, String> texts(LocatedRow row);

        @Override
        default FileContainer.Kind kind() {
            return FileContainer.Kind.TAR;
        }

        @Override
        default long size(LocatedRow row) {
            long size = row.imageId() == null ? 0 : FileContainer.Tar.size(row.bytes());
            for (String text : texts(row).values()) {
                size += FileContainer.Tar.size(text.getBytes(StandardCharsets.UTF_8).length);
            }
            return size;
        }

        @Override
        default List<Record> records(LocatedRow row, Row picture, String file) {
            String key = MemberKeys.of(row.key());
            List<Record> records = new ArrayList<>();
            if (row.imageId() != null) {
                records.add(new Record(file, member(key + "." + row.extension(), picture.getAs("bytes"))));
            }
            texts(row)
                    .forEach((end, text) -> records.add(
                            new Record(file, member(key + "." + end, text.getBytes(StandardCharsets.UTF_8)))));
            return records;
        }

        @Override
        default String file(String split, int number) {
            return "%s-%06d.tar".formatted(Assembler.escaped(split), number);
        }
    }

    /** {@code <key>.<picture>, .cls} (the label), {@code .json} (all columns), {@code .txt} (the caption). */
    record Samples() implements Shards {
        private static final long serialVersionUID = 1L;

        @Override
        public Map<String, String> texts(LocatedRow row) {
            ObjectNode json = JsonText.object();
            json.put("sample_id", row.key());
            json.put("image_id", row.imageId());
            for (String column : TextRows.SAMPLE_BODY.fieldNames()) {
                JsonText.put(json, column, row.body().getAs(column));
            }
            json.put("split", row.split());
            Map<String, String> texts = new LinkedHashMap<>();
            texts.put("cls", String.valueOf(row.body().<Integer>getAs("label")));
            texts.put("json", JsonText.of(json));
            texts.put("txt", row.text("caption"));
            return texts;
        }
    }

    /** {@code <key>.<picture>} where there is one, {@code .json}: prompt, earlier turns and completions, the best first. */
    record Prompts() implements Shards {
        private static final long serialVersionUID = 1L;

        @Override
        public Map<String, String> texts(LocatedRow row) {
            Prompt prompt = row.prompt();
            ObjectNode json = JsonText.object();
            json.put("prompt_id", prompt.promptId());
            JsonText.put(json, "image_id", row.imageId());
            json.put("prompt", prompt.prompt());
            JsonText.putHistory(json, prompt.history());
            JsonText.putCompletions(json, row.structs("completions"));
            for (String column : List.of("kind", "label", "source", "window")) {
                JsonText.put(json, column, row.body().getAs(column));
            }
            json.put("split", row.split());
            return Map.of("json", JsonText.of(json));
        }
    }
}
