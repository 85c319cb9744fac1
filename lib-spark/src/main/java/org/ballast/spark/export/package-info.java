/**
 * Tables to what other programs read, with the pictures joined in: TRL, LLaMA-Factory, BPO, WebDataset, Hugging Face. One
 * plan and one way of writing for all; a format is an {@code Assembler} or a {@code JsonRows}.
 */
package org.ballast.spark.export;
