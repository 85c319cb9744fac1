package org.ballast.spark.shard;

/** What {@code shard} does with the pictures that rows name. */
public enum PictureStorage {
    /** They are read, checked and stored in the table {@code images}. */
    EMBED,
    /** They are not looked at; {@code images} holds their URIs. */
    REFERENCE
}
