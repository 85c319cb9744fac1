/** Data sets of preference pairs: how often each pair is taken. What forms a pair is in {@code org.ballast.core.data}. */
package org.ballast.spark.pairs;
