/** Tables to what other programs read: pairs for TRL, with the pictures joined in. */
package org.ballast.spark.export;
