package org.ballast.spark.export;

/** What other programs read. */
public enum ExportFormat {
    /** Parquet rows of TRL's trainers: chat messages and a list of pictures. */
    TRL,
    /** LLaMA-Factory's ShareGPT JSON with {@code dataset_info.json}, pictures as files. */
    LLAMA_FACTORY,
    /** BPO's JSON: a prompt with its scored completions, pictures as files or tar shards. */
    BPO,
    /** Tar shards of samples and prompts. */
    WEBDATASET,
    /** Parquet rows of samples and prompts as Hugging Face {@code datasets} declares them. */
    HF
}
