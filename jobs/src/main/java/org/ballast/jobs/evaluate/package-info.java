/** The job {@code evaluate}: figures on held-out data and the report. */
package org.ballast.jobs.evaluate;
