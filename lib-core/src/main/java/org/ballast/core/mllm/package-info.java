/** The multimodal language model in libtorch, and the losses over its flat parameter vector. */
package org.ballast.core.mllm;
