/**
 * Preference losses on the log-probabilities of pairs, implicit rewards, and learning-rate schedules: scalar math in
 * double precision, which the training code repeats on tensors or feeds with gradients.
 */
package org.ballast.core.preference;
