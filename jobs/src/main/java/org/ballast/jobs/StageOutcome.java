package org.ballast.jobs;

import java.util.Map;
import org.ballast.core.data.RowAccount;

/**
 * What a stage did.
 *
 * @param rows in, out and quarantined; they add up
 * @param metrics figures by name, finite
 * @param models digest of each model that it used or wrote, by role
 */
public record StageOutcome(RowAccount rows, Map<String, Double> metrics, Map<String, String> models) {}
