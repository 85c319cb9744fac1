package org.ballast.core.mllm;

/**
 * A response to be predicted.
 *
 * @param image null for a row without a picture
 * @param prompt with the image token repeated for every image feature
 */
record ResponseRow(String id, ImageInput image, int[] prompt, int[] response) {
    ResponseRow {
        if (prompt.length == 0 || response.length == 0) {
            throw new IllegalArgumentException("row " + id + ": prompt of " + prompt.length + " and response of "
                    + response.length + " tokens; both need at least one");
        }
    }

    /** Tokens that are fed in: the last one is predicted only. */
    int fedTokens() {
        return prompt.length + response.length - 1;
    }

    void check(LlavaConfig config) {
        for (int token : response) {
            // an image token is no word: fed back in, it would ask for features that do not exist
            if (token < 0 || token >= config.text().vocabSize() || token == config.imageTokenId()) {
                throw new IllegalArgumentException("row " + id + ": response token " + token + " is "
                        + (token == config.imageTokenId() ? "the image token" : "outside the vocabulary"));
            }
        }
        if (fedTokens() > config.text().positionLimit()) {
            throw new IllegalArgumentException("row " + id + ": " + fedTokens() + " tokens; the model has "
                    + config.text().positionLimit() + " positions");
        }
    }
}
