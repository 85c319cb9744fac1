/**
 * Reading configuration: HOCON subtrees become typed, validated records, and every fault is collected with its file and
 * line before any of them is reported. What the keys mean stands in {@code reference.conf}, nowhere else.
 */
package org.ballast.core.config;
