/** The job {@code reshape}. */
package org.ballast.jobs.reshape;
