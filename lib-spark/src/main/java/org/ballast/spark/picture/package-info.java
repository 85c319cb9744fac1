/** Picture files below a root on any file system, read without leaving it. */
package org.ballast.spark.picture;
