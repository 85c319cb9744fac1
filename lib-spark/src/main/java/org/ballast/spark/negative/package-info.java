/** Rejected responses at scale: answers of the model itself to weakened pictures, and right answers to other pictures. */
package org.ballast.spark.negative;
