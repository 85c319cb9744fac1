/**
 * Work over many rows in fixed units: which rows form a unit depends on their keys alone, so the same input gives the
 * same output with any number of partitions, and what is finished stays finished when a run is killed.
 */
package org.ballast.spark.units;
