/** The job {@code respond}: batch inference with any checkpoint. */
package org.ballast.jobs.respond;
