/**
 * What a run shows: tables for the terminal, figures, and one self-contained HTML page, all made from a typed
 * {@link org.ballast.jobs.report.ReportData}. Nothing is measured here.
 */
package org.ballast.jobs.report;
