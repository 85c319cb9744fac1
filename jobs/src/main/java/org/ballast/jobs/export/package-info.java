/** The job {@code export}: what others read, TRL's preference rows and PEFT adapters. */
package org.ballast.jobs.export;
