package org.ballast.spark.negative;

/**
 * What is told of negatives.
 *
 * @param bagOfWordsPairs most pairs of the bag-of-words test, by type and of all types; 0: no test
 * @param examples rows of each type to look at
 * @param seed of what is drawn
 */
public record AccountOptions(int bagOfWordsPairs, int examples, long seed) {
    public AccountOptions {
        if (bagOfWordsPairs < 0 || examples < 0) {
            throw new IllegalArgumentException("%d pairs and %d examples".formatted(bagOfWordsPairs, examples));
        }
    }
}
