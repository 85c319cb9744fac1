/** The Spark session of a run, and how a run tells its user where it stands. */
package org.ballast.spark.session;
