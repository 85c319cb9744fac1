/** The job {@code train}: the MLLM by supervised or preference training, averaged over workers. */
package org.ballast.jobs.train;
