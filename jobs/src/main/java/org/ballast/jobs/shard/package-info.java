/** The job {@code shard}: annotations and pictures into tables. */
package org.ballast.jobs.shard;
