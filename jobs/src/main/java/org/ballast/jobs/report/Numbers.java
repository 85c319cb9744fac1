package org.ballast.jobs.report;

import java.util.Locale;
import org.ballast.spark.evaluate.Metrics.Spread;

/** How figures are written: three decimals, an en dash for what is not defined. */
final class Numbers {
    static final String UNDEFINED = "–";

    private Numbers() {}

    static String fixed(Double value, int decimals) {
        if (value == null) {
            return UNDEFINED;
        }
        String text = String.format(Locale.ROOT, "%." + decimals + "f", value);
        return text.matches("-0\\.?0*") ? text.substring(1) : text;
    }

    static String rate(Double value) {
        return fixed(value, 3);
    }

    static String nats(Double value) {
        return fixed(value, 2);
    }

    static String signed(double value, int decimals) {
        String text = fixed(value, decimals);
        return text.startsWith("-") ? text : "+" + text;
    }

    static String count(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }

    /** mean ± standard deviation; the mean alone for one seed. */
    static String spread(Spread spread) {
        if (spread == null) {
            return UNDEFINED;
        }
        return spread.count() == 1
                ? rate(spread.mean())
                : rate(spread.mean()) + " ± " + rate(spread.standardDeviation());
    }
}
