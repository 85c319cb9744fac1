/** Models on executors: their files brought near, opened once a JVM, with the tokenizer and preprocessor they belong to. */
package org.ballast.spark.model;
