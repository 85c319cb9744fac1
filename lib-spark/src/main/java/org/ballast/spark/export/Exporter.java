package org.ballast.spark.export;

import static org.apache.spark.sql.functions.col;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.ballast.core.data.PairRule;
import org.ballast.core.data.RowAccount;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.StageInputException;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Waves;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes what other programs read, with the pictures joined in, into an open stage folder that the caller commits:
 *
 * <ol>
 *   <li>the rows, texts only, and where their pictures lie;
 *   <li>the plan of files, by sizes;
 *   <li>the files, in waves ({@link PictureWaves}, {@link JsonExport}).
 * </ol>
 *
 * Each step is stored before the next, so that a killed run continues at the first wave that is missing. The files and
 * what is in them hang on the stages that are read and on the options alone.
 */
public final class Exporter {
    private static final Logger LOG = LoggerFactory.getLogger(Exporter.class);

    private final SparkSession spark;
    private final StageFolder stage;
    private final ExportOptions options;
    private final ExportInputs inputs;

    private Exporter(SparkSession spark, StageFolder stage, ExportOptions options, ExportInputs inputs) {
        this.spark = spark;
        this.stage = stage;
        this.options = options;
        this.inputs = inputs;
    }

    /**
     * Runs.
     *
     * @param data stages with pictures, and with samples or prompts or both; one that is named twice counts once
     * @param completions stages with completions, beside those of {@code data}
     * @return in: rows that the options give; out: rows written; quarantined: rows that the format cannot say
     * @throws StageInputException naming the row whose prompt or picture is in none of the stages, or the table that is
     *     missing
     */
    public static RowAccount run(
            SparkSession spark,
            StageFolder stage,
            ExportOptions options,
            List<StageFolder> data,
            List<StageFolder> completions) {
        return new Exporter(spark, stage, options, new ExportInputs(spark, data, completions)).run();
    }

    private RowAccount run() {
        boolean pairs = options.rows() == ExportOptions.Rows.PREFERENCE;
        RowAccount rows =
                switch (options.format()) {
                    case TRL -> pairs
                            ? packed(TrlRows.PAIRS.name(), this::pairs, new TrlRows.Pairs())
                            : packed(TrlRows.SFT.name(), this::best, new TrlRows.Best());
                    case HF -> each(HuggingFaceRows.samples(classNames()), new HuggingFaceRows.Prompts());
                    case WEBDATASET -> each(new WebDatasetRows.Samples(), new WebDatasetRows.Prompts());
                    case BPO -> json("bpo", this::prompts, new JsonRows.Bpo(), "", splits -> null);
                    case LLAMA_FACTORY -> {
                        String name = pairs ? "preference" : "sft";
                        yield json(
                                name,
                                pairs ? this::pairs : this::best,
                                new JsonRows.LlamaFactory(options.rows()),
                                JsonExport.PICTURES + "/",
                                splits -> new JsonExport.NamedText("dataset_info.json", datasetInfo(name, splits)));
                    }
                };
        if (rows.in() == 0) {
            LOG.warn("{}: the settings give no row: no file is written", stage.stage());
        }
        return rows;
    }

    /** Samples and prompts, whichever the stages have. */
    private RowAccount each(Assembler samples, Assembler prompts) {
        RowAccount rows = new RowAccount(0, 0, 0);
        boolean any = false;
        if (inputs.has(Table.SAMPLES)) {
            rows = rows.plus(packed(Table.SAMPLES.name(), () -> TextRows.samples(inputs, options.splits()), samples));
            any = true;
        }
        if (inputs.has(Table.PROMPTS)) {
            rows = rows.plus(packed(Table.PROMPTS.name(), this::prompts, prompts));
            any = true;
        }
        if (!any) {
            throw new StageInputException("none of the stages %s has samples or prompts"
                    .formatted(inputs.data().stream().map(StageFolder::stage).toList()));
        }
        return rows;
    }

    private List<String> classNames() {
        return inputs.has(Table.SAMPLES) ? HuggingFaceRows.classNames(inputs) : List.of();
    }

    private RowAccount packed(String name, Supplier<Dataset<Row>> rows, Assembler assembler) {
        Dataset<Row> located = located(name, rows);
        if (assembler.kind() == FileContainer.Kind.TAR) {
            requireStored(located);
        }
        PackedFiles plan = PackedFiles.plan(
                spark, stage, name, located, assembler, options.targetFileBytes(), options.waveBytes());
        long written = new PictureWaves(spark, stage, name, assembler).write(plan);
        return new RowAccount(located.count(), written, 0);
    }

    private RowAccount json(
            String name,
            Supplier<Dataset<Row>> rows,
            JsonRows form,
            String prefix,
            Function<List<String>, JsonExport.NamedText> beside) {
        return new JsonExport(spark, stage, name, options).write(located(name, rows), form, prefix, beside);
    }

    /** The rows with the places of their pictures, stored, and complete. */
    private Dataset<Row> located(String name, Supplier<Dataset<Row>> rows) {
        Dataset<Row> located = PicturePlaces.located(inputs, rows.get());
        StructType body = (StructType) located.schema().apply(TextRows.BODY).dataType();
        Table table = new Table(name + "_rows", LocatedRow.schema(body), List.of(TextRows.KEY), false, false);
        Waves waves = Waves.of(stage, table);
        waves.write(0, () -> located);
        return PicturePlaces.complete(waves.read(spark));
    }

    /** A tar holds pictures, not their names. */
    private static void requireStored(Dataset<Row> located) {
        for (Row row : located.filter(col(PicturePlaces.PLACE + ".reference").isNotNull())
                .select(TextRows.KEY, PicturePlaces.PLACE + ".reference")
                .orderBy(TextRows.KEY)
                .limit(1)
                .collectAsList()) {
            throw new StageInputException(
                    "row '%s': the stage holds the name of picture %s, not the picture, and a tar needs it: shard with pictures = embed"
                            .formatted(row.getString(0), row.getString(1)));
        }
    }

    private Dataset<Row> pairs() {
        return TextRows.pairs(inputs, rule(), options.sampling(), options.splits());
    }

    private Dataset<Row> best() {
        return TextRows.best(inputs, rule(), options.splits());
    }

    private Dataset<Row> prompts() {
        return TextRows.prompts(inputs, options.splits());
    }

    private PairRule rule() {
        return options.pairs();
    }

    /** One data set a split, called {@code <stage>_<split>}; LLaMA-Factory finds it where {@code dataset_dir} is the folder. */
    private String datasetInfo(String name, List<String> splits) {
        ObjectNode info = JsonText.object();
        for (String split : splits) {
            ObjectNode set = info.putObject(stage.stage() + "_" + split);
            set.put("file_name", name + "/" + JsonExport.fileName(split));
            set.put("formatting", "sharegpt");
            if (options.rows() == ExportOptions.Rows.PREFERENCE) {
                set.put("ranking", true);
            }
            ObjectNode columns = set.putObject("columns").put("messages", "conversations");
            if (options.rows() == ExportOptions.Rows.PREFERENCE) {
                columns.put("chosen", "chosen").put("rejected", "rejected");
            }
            columns.put("images", "images");
        }
        return JsonText.indented(info);
    }
}
