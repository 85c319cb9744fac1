/** The jobs {@code features} and {@code train-adapter}: the drift adapter on a frozen vision tower. */
package org.ballast.jobs.adapter;
