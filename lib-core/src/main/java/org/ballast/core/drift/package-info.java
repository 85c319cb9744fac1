/**
 * The drift adapter: T-distributed spherical similarity, classification heads as DL4J output layers with hand-written
 * gradients, scaling of features, scores of out-of-distribution samples. Nothing here knows Spark.
 */
package org.ballast.core.drift;
