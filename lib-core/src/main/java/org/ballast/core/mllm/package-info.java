/**
 * The multimodal language model: a LLaVA checkpoint in Hugging Face's layout, run by libtorch. Configuration, weights, vision tower, projector,
 * decoder, LoRA, the training objectives over one flat parameter vector, scoring and decoding with a key/value cache.
 * No Spark, no file format but Hugging Face's and PEFT's.
 */
package org.ballast.core.mllm;
