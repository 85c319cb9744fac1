package org.ballast.core.chat;

import java.util.function.UnaryOperator;

/** The key to the servers, as long as the process lives. It never shows: not in messages, not in {@link #toString}, and it is not serialisable. */
final class ServerKey {
    private final String variable;
    private final String key;

    private ServerKey(String variable, String key) {
        this.variable = variable;
        this.key = key;
    }

    /**
     * Reads the key.
     *
     * @param variable null for no key
     * @param environment value by name, or null
     * @throws ModelServerException if there is none, or one that cannot stand in a header
     */
    static ServerKey read(String variable, UnaryOperator<String> environment) {
        if (variable == null) {
            return new ServerKey(null, null);
        }
        String value = environment.apply(variable);
        if (value == null || value.isBlank()) {
            throw new ModelServerException("the environment variable " + variable
                    + ", which should hold the key to the model servers, is not set in this process");
        }
        String key = value.strip();
        // checked here because the JDK would show the value in its message
        if (!key.chars().allMatch(c -> c > ' ' && c < 127)) {
            throw new ModelServerException("the environment variable " + variable
                    + " holds characters that cannot stand in the key to a model server");
        }
        return new ServerKey(variable, key);
    }

    /** Value of the header {@code Authorization}, or null. */
    String authorization() {
        return key == null ? null : "Bearer " + key;
    }

    /** Where the key comes from, for messages. */
    String origin() {
        return variable == null
                ? "none was sent: no environment variable is named for it"
                : "the one in the environment variable " + variable + " was sent";
    }

    /** A server's text as it may be shown: without the key, on one line, at most {@code most} characters. */
    String shown(String text, int most) {
        String line = text.replaceAll("[\\s\\p{Cntrl}]+", " ").strip();
        String clean = key == null ? line : line.replace(key, "***");
        if (clean.length() <= most) {
            return clean;
        }
        int end = Character.isHighSurrogate(clean.charAt(most - 1)) ? most - 1 : most;
        return clean.substring(0, end) + "...";
    }

    @Override
    public String toString() {
        return "ServerKey[" + variable + "]";
    }
}
