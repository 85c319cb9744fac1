/** Text to token ids and back, the prompt template of the model, and sentence embeddings. Everything is read from local files or the class path. */
package org.ballast.core.text;
