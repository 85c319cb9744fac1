/**
 * Which split a row belongs to: the rule, the group that a row must not be parted from, and how groups are dealt. Plain
 * Java; {@code org.ballast.spark.shape} applies it to tables.
 */
package org.ballast.core.data.split;
