/**
 * What a data set is shaped into before it is stored: splits, tails, and the tables that describe its classes. Functions on
 * rows; the rules are of {@code org.ballast.core.data.split} and {@code org.ballast.core.longtail}.
 */
package org.ballast.spark.shape;
