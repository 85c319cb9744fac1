/** Pictures that look alike, found by their dHash without comparing each with each. */
package org.ballast.spark.duplicate;
