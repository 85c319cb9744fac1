package org.ballast.core.data;

/** Checks that the records of this package share; each error names row, field and value. */
final class Rows {
    private Rows() {}

    static void requireText(String value, String type, String id, String field) {
        require(value != null && !value.isEmpty(), type, id, field, value, "must not be empty");
    }

    static void requirePresent(Object value, String type, String id, String field) {
        require(value != null, type, id, field, value, "must be given");
    }

    static void require(boolean holds, String type, String id, String field, Object value, String rule) {
        if (!holds) {
            throw new IllegalArgumentException("%s '%s': %s %s, was %s".formatted(type, id, field, rule, value));
        }
    }
}
