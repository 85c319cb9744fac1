/**
 * One codec a stored type ({@code SCHEMA}, {@code toRow}, {@code fromRow}), to be used with {@code Encoders.row(SCHEMA)}:
 * Spark's bean encoder would make empty structs of records. All columns are nullable to Spark, as they are when read from
 * Parquet, so that a table is the same file whether its rows were just made or read; the records refuse what must not be null.
 */
package org.ballast.spark.rows;
