package org.ballast.spark.train;

import java.io.Serializable;

/** One worker's plan of a round and where its examples are read. */
public record Shard<E>(WorkerPlan plan, ExampleSource<E> source) implements Serializable {}
