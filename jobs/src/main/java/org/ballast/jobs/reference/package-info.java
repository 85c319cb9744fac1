/** The job {@code reference}: log-probs of completions under the frozen model. */
package org.ballast.jobs.reference;
