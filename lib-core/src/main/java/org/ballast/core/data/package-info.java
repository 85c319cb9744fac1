/**
 * The rows of the stored tables as records, and the rule that derives preference pairs from them. Field names follow the
 * tables of the data contract; nothing here knows how they are stored.
 */
package org.ballast.core.data;
