/** Pooled features of a model's vision tower. */
package org.ballast.spark.feature;
