/** Answers from model servers that speak OpenAI's chat completions: requests, retries, health and limits. Nothing of Spark. */
package org.ballast.core.chat;
