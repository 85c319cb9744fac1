/**
 * What the fuzz tests of the readers share. Each {@code *Fuzz} class stands beside its reader and runs under the profile {@code fuzz}; what it found runs in
 * every build.
 */
package org.ballast.core.fuzz;
