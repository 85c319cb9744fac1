/** The job {@code negatives}: rejected responses for preference pairs. */
package org.ballast.jobs.negatives;
