package org.ballast.spark.session;

import java.time.temporal.ChronoUnit;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/**
 * Counts, rate and time left of one piece of work, on standard error. On a terminal the line is redrawn each second; in a
 * log file it is written every ten.
 */
public final class Progress implements AutoCloseable {
    private static final int WIDTH = 118;

    private final ProgressBar bar;

    private Progress(ProgressBar bar) {
        this.bar = bar;
    }

    /**
     * Begins.
     *
     * @param task what is done, a word or two
     * @param unit what is counted, for example {@code rows}
     * @param total how many there are
     */
    public static Progress of(String task, String unit, long total) {
        boolean terminal = System.console() != null;
        return new Progress(new ProgressBarBuilder()
                .setTaskName(task)
                .setInitialMax(total)
                .setUnit(" " + unit, 1)
                .showSpeed()
                .setSpeedUnit(ChronoUnit.SECONDS)
                .setStyle(ProgressBarStyle.ASCII)
                .setUpdateIntervalMillis(terminal ? 1000 : 10_000)
                .setConsumer(new ConsoleProgressBarConsumer(System.err, WIDTH) {
                    @Override
                    public void accept(String line) {
                        if (terminal) {
                            super.accept(line);
                        } else {
                            System.err.println(line.strip());
                        }
                    }
                })
                .build());
    }

    public void to(long done) {
        bar.stepTo(done);
    }

    public void by(long more) {
        bar.stepBy(more);
    }

    /** A word on how it goes, behind the bar: a loss, for example. */
    public void message(String message) {
        bar.setExtraMessage(" " + message);
    }

    @Override
    public void close() {
        bar.close();
    }
}
