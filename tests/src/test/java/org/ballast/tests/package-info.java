/** Tests of what crosses modules: real files, a real cluster, other programs. */
package org.ballast.tests;
