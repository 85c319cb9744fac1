/** Negatives: how a rejected response is made or found for a prompt. Pure policies and filters; no Spark. */
package org.ballast.core.negative;
