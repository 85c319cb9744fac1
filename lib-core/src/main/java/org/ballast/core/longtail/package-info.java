/**
 * The long tail of class sizes on plain Java numbers: wanted tails, what a data set's tail is like, and how classes are
 * sampled against it.
 */
package org.ballast.core.longtail;
