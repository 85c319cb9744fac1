package org.ballast.core.mllm;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * A regular expression of an adapter's configuration, in Python's spelling of named groups or Java's. It comes from a file that may be hostile, and Java's
 * matcher backtracks without a bound. So the characters that a match looks at are counted, and an expression whose alternatives multiply to more than
 * {@value #MAX_ALTERNATIVES} (they can all be empty, and then nothing is looked at) is refused.
 */
final class PathPattern {
    private static final int MAX_LENGTH = 10_000;
    private static final int MAX_DEPTH = 50;
    private static final double MAX_ALTERNATIVES = 1e6;
    private static final int MAX_STEPS = 100_000;
    private static final Pattern COUNTED_GROUP = Pattern.compile("\\)\\{");
    private static final Pattern LONG_COUNT = Pattern.compile("\\{[^}]*\\d{4,}");

    private final String expression;
    private final Pattern compiled;

    private PathPattern(String expression, Pattern compiled) {
        this.expression = expression;
        this.compiled = compiled;
    }

    /** @throws IllegalArgumentException if it is no regular expression, or one that may take very long */
    static PathPattern of(String expression) {
        if (expression.length() > MAX_LENGTH) {
            throw refused(expression, "is longer than " + MAX_LENGTH + " characters");
        }
        if (COUNTED_GROUP.matcher(expression).find()
                || LONG_COUNT.matcher(expression).find()) {
            throw refused(expression, "has a counted group or a count of more than three digits");
        }
        if (alternatives(expression) > MAX_ALTERNATIVES) {
            throw refused(expression, "has more than " + MAX_ALTERNATIVES + " ways through its alternatives");
        }
        try {
            return new PathPattern(
                    expression,
                    Pattern.compile(expression.replace("(?P<", "(?<").replaceAll("\\(\\?P=(\\w+)\\)", "\\\\k<$1>")));
        } catch (PatternSyntaxException e) {
            throw refused(expression, "is no regular expression: " + e.getMessage());
        }
    }

    private static IllegalArgumentException refused(String expression, String why) {
        String shown = expression.length() > 200 ? expression.substring(0, 200) + "..." : expression;
        return new IllegalArgumentException("module pattern \"" + shown + "\" " + why);
    }

    /** Product over the groups of their alternatives, one more where a group may be skipped or repeated. */
    private static double alternatives(String expression) {
        double product = 1;
        Deque<Integer> bars = new ArrayDeque<>();
        bars.push(0);
        for (int i = 0; i < expression.length(); i++) {
            char c = expression.charAt(i);
            if (c == '\\') {
                i++;
            } else if (c == '(') {
                bars.push(0);
                if (bars.size() > MAX_DEPTH) {
                    throw refused(expression, "nests groups deeper than " + MAX_DEPTH);
                }
            } else if (c == '|') {
                bars.push(bars.pop() + 1);
            } else if (c == ')' && bars.size() > 1) {
                boolean quantified = i + 1 < expression.length() && "*+?".indexOf(expression.charAt(i + 1)) >= 0;
                product *= 1 + bars.pop() + (quantified ? 1 : 0);
            }
        }
        return product * (1 + bars.peek());
    }

    /** Whether it matches the whole path. */
    boolean matches(String path) {
        return matcher(path).matches();
    }

    /** The number in the group {@code idx}, or null where the pattern does not match. */
    Integer number(String path) {
        Matcher matcher = matcher(path);
        return matcher.matches() ? Integer.valueOf(matcher.group("idx")) : null;
    }

    private Matcher matcher(String path) {
        return compiled.matcher(new Counted(path));
    }

    /** A path that counts the characters asked for. */
    private final class Counted implements CharSequence {
        private final String path;
        private int steps;

        Counted(String path) {
            this.path = path;
        }

        @Override
        public char charAt(int index) {
            if (++steps > MAX_STEPS) {
                throw refused(expression, "takes more than " + MAX_STEPS + " steps on " + path);
            }
            return path.charAt(index);
        }

        @Override
        public int length() {
            return path.length();
        }

        @Override
        public CharSequence subSequence(int start, int end) {
            return path.substring(start, end);
        }

        @Override
        public String toString() {
            return path;
        }
    }
}
