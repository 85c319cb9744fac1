/** The command line and one package a job. */
package org.ballast.jobs;
