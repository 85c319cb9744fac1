/** Samples, preferences, their file formats, and the randomness that belongs to an item. */
package org.ballast.core.data;
