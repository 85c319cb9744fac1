/** What crosses modules: {@code bin/submit.sh} as a user starts it, on real files, a real cluster, and killed halfway. */
package org.ballast.tests;
