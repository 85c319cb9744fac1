package org.ballast.spark.export;

import java.io.Serializable;
import java.util.List;
import org.ballast.core.data.PairRule;
import org.ballast.core.longtail.PairSampling;

/**
 * What an export writes.
 *
 * @param rows what a row of {@link ExportFormat#TRL} and {@link ExportFormat#LLAMA_FACTORY} is
 * @param pictures how {@link ExportFormat#BPO} stores its pictures
 * @param pairs which completions form pairs; {@link PairRule#chosen()} and the limit of words also choose the responses of
 *     {@link Rows#SFT}
 * @param sampling how often each pair is written, by the labels of prompts, in each split by itself
 * @param splits of the prompts and samples that are written; empty for all
 * @param targetFileBytes size at which a Parquet file or tar ends; one row may be larger
 * @param waveBytes bytes a wave writes: the most that a killed run does again
 */
public record ExportOptions(
        ExportFormat format,
        Rows rows,
        Pictures pictures,
        PairRule pairs,
        PairSampling sampling,
        List<String> splits,
        long targetFileBytes,
        long waveBytes)
        implements Serializable {
    /** What a row is made of. */
    public enum Rows {
        /** A pair: prompt, chosen and rejected response. */
        PREFERENCE,
        /** A prompt and its best response. */
        SFT
    }

    /** How pictures lie beside JSON. */
    public enum Pictures {
        /** One file a picture. */
        FILES,
        /** Tar shards. */
        WEBDATASET
    }

    public ExportOptions {
        splits = List.copyOf(splits);
        if (format == ExportFormat.LLAMA_FACTORY && pictures != Pictures.FILES) {
            throw new IllegalArgumentException("LLaMA-Factory opens pictures by their paths: as files, not in tars");
        }
        if (targetFileBytes < 1 || waveBytes < 1) {
            throw new IllegalArgumentException("sizes of files and waves must be at least 1 byte, were %d and %d"
                    .formatted(targetFileBytes, waveBytes));
        }
    }

    /** Preference rows, each pair once, pictures as files, waves of 4 GiB. */
    public static ExportOptions of(ExportFormat format, PairRule pairs, List<String> splits, long targetFileBytes) {
        return new ExportOptions(
                format,
                Rows.PREFERENCE,
                Pictures.FILES,
                pairs,
                PairSampling.AS_THEY_ARE,
                splits,
                targetFileBytes,
                1L << 32);
    }
}
