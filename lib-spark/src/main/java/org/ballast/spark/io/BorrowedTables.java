package org.ballast.spark.io;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.fs.Path;

/**
 * Tables that a stage uses without a copy: its file {@value #FILE} names, for a table that the stage does not hold itself,
 * the stages of the same root that do. Whoever reads the stage reads them there.
 */
public final class BorrowedTables {
    private static final String FILE = "borrowed.json";
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private BorrowedTables() {}

    /**
     * Notes what an open stage borrows.
     *
     * @param stages names of stages beside it by table; those that borrow themselves may be among them
     */
    public static void write(StageFolder stage, Map<String, List<String>> stages) {
        stage.write(FILE, Json.write(new TreeMap<>(stages)));
    }

    /**
     * The folders that hold a table of these stages: a stage itself, or those that it borrows from, each of the latter once.
     *
     * @throws IllegalStateException naming both when a stage that is borrowed from is not finished
     */
    public static List<StageFolder> holders(List<StageFolder> stages, Table table) {
        List<StageFolder> holders = new ArrayList<>();
        Map<Path, StageFolder> borrowed = new LinkedHashMap<>();
        for (StageFolder stage : stages) {
            List<String> names = names(stage, table);
            if (names.isEmpty()) {
                holders.add(stage);
            }
            for (String name : names) {
                StageFolder other = StageFolder.of(
                        stage.fileSystem().getConf(), stage.path().getParent().toString(), name);
                if (!other.finished()) {
                    throw new IllegalStateException(
                            "stage '%s' uses table '%s' of stage '%s', which is not finished in %s. Run it first."
                                    .formatted(stage.stage(), table.name(), name, other));
                }
                for (StageFolder holder : holders(List.of(other), table)) {
                    borrowed.put(holder.path(), holder);
                }
            }
        }
        holders.forEach(own -> borrowed.remove(own.path()));
        holders.addAll(borrowed.values());
        return holders;
    }

    private static List<String> names(StageFolder stage, Table table) {
        if (stage.has(table.name()) || !stage.has(FILE)) {
            return List.of();
        }
        try {
            return MAPPER.readValue(stage.read(FILE), new TypeReference<Map<String, List<String>>>() {})
                    .getOrDefault(table.name(), List.of());
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(
                    "%s of stage '%s' is no list of stages by table: %s"
                            .formatted(stage.file(FILE), stage.stage(), e.getOriginalMessage()),
                    e);
        }
    }
}
