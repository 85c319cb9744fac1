/** What answers prompts: one interface for a model in this process and for model servers. */
package org.ballast.core.response;
