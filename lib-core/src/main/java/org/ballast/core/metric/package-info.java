/**
 * Evaluation figures on plain Java arrays and strings: accuracy on a long tail, calibration, out-of-distribution
 * detection, answer matching, hallucinated objects. No tensors, no files.
 */
package org.ballast.core.metric;
