/** Generation on the model's key-value cache: options, the choice of a token, the loop over a batch, contrastive decoding. */
package org.ballast.core.mllm.generate;
