/** The job {@code import-model}: a Hugging Face checkpoint as a stage. */
package org.ballast.jobs.model;
