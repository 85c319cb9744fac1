/** The math and the model: everything that needs neither Spark nor Hadoop. */
package org.ballast.core;
