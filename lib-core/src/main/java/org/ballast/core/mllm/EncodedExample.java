package org.ballast.core.mllm;

import java.io.Serializable;

/**
 * A prompt with its response, as token ids.
 *
 * @param pixels normalised picture [3, height, width], or null for text only
 * @param promptIds prompt with the picture's place already expanded to its number of tokens
 */
public record EncodedExample(String id, float[] pixels, int[] promptIds, int[] responseIds) implements Serializable {}
