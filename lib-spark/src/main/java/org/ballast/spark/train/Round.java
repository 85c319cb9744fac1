package org.ballast.spark.train;

import java.io.Serializable;

/**
 * The steps between two averagings.
 *
 * @param index from 0
 * @param firstStep steps that each replica has made before
 */
public record Round(int index, long firstStep, int steps) implements Serializable {}
