/** From what Spark gave a task to the libtorch device it computes on. */
package org.ballast.spark.device;
