package org.ballast.core.config;

import com.typesafe.config.ConfigOrigin;

/**
 * One thing that is wrong in a configuration.
 *
 * @param where file and line, or where else the value came from
 * @param message what is wrong, with the key and the value
 */
public record Fault(String where, String message) {

    static Fault at(ConfigOrigin origin, String message) {
        return new Fault(describe(origin), message);
    }

    private static String describe(ConfigOrigin origin) {
        String source = origin.filename() != null ? origin.filename() : origin.description();
        return origin.lineNumber() > 0 && origin.filename() != null ? source + ":" + origin.lineNumber() : source;
    }

    @Override
    public String toString() {
        return where + ": " + message;
    }
}
