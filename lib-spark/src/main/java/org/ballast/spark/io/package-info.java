/**
 * Stage folders, their manifests, and the Parquet tables in them: how a job's output becomes visible, is found up to
 * date, or is continued after a kill.
 */
package org.ballast.spark.io;
