/** Log-probs of completions under a frozen model, computed once and stored. */
package org.ballast.spark.reference;
