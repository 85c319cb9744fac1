/**
 * What the fuzz tests of the readers share. Each {@code *Fuzz} class stands beside its reader and runs by
 * {@code mvn -Pfuzz -pl lib-core test -Dfuzz.target=CLASS -Dfuzz.runs=N -Dfuzz.seconds=N}; its seeds and what it found run in every build, without Jazzer.
 */
package org.ballast.core.fuzz;
