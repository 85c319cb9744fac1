/** Spark's side: tables, stages and distributed training. Thin glue around {@code org.ballast.core}. */
package org.ballast.spark;
