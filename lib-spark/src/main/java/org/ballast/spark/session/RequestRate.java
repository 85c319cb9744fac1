package org.ballast.spark.session;

import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkContext;
import org.apache.spark.api.plugin.DriverPlugin;
import org.apache.spark.api.plugin.ExecutorPlugin;
import org.apache.spark.api.plugin.PluginContext;
import org.apache.spark.api.plugin.SparkPlugin;
import org.ballast.core.chat.RequestPermits;

/**
 * One rate of requests for all executors, however many there are: the driver deals out the times at which requests may be sent, in blocks of about a second,
 * over Spark's own channel for plugins. What goes over it are arrays of the JDK, for Spark reads them by a class loader that does not know the application's classes:
 * the number of permits that are asked for, and of the grant the nanoseconds until the first may be used and those between two.
 */
public final class RequestRate implements SparkPlugin {
    private static final Driver DRIVER = new Driver();
    private static final Executor EXECUTOR = new Executor();

    @Override
    public DriverPlugin driverPlugin() {
        return DRIVER;
    }

    @Override
    public ExecutorPlugin executorPlugin() {
        return EXECUTOR;
    }

    /**
     * Sets the rate from now on; to be called on the driver.
     *
     * @param perMinute requests a minute, above 0
     */
    public static void set(double perMinute) {
        DRIVER.set(60e9 / perMinute);
    }

    /**
     * Permits of this executor, to be used by one model.
     *
     * @param perMinute the rate that was set: decides how many permits are asked for at once
     */
    public static RequestPermits permits(double perMinute) {
        return new Permits((int) Math.max(1, Math.min(1000, perMinute / 60)));
    }

    /** The driver's end: the next free time. */
    private static final class Driver implements DriverPlugin {
        private double interval;
        private double next;

        synchronized void set(double nanos) {
            interval = nanos;
            next = System.nanoTime();
        }

        @Override
        public Map<String, String> init(SparkContext context, PluginContext plugin) {
            return Map.of();
        }

        @Override
        public synchronized Object receive(Object message) {
            long now = System.nanoTime();
            next = Math.max(next, now);
            double[] grant = {next - now, interval};
            next += ((int[]) message)[0] * interval;
            return grant;
        }
    }

    /** The executor's end. */
    private static final class Executor implements ExecutorPlugin {
        private volatile PluginContext context;

        @Override
        public void init(PluginContext plugin, Map<String, String> extraConf) {
            context = plugin;
        }

        double[] ask(int permits) throws IOException {
            PluginContext open = context;
            if (open == null) {
                throw new IOException("the plugin " + RequestRate.class.getName()
                        + " is not in spark.plugins: a rate of requests over all executors needs it there");
            }
            try {
                return (double[]) open.ask(new int[] {permits});
            } catch (IOException e) {
                throw e;
            } catch (Exception e) {
                throw new IOException("the driver gives no permits for requests: " + e.getMessage(), e);
            }
        }
    }

    /** Permits in the order in which they were asked for. */
    private static final class Permits implements RequestPermits {
        /** A second of permits that nobody used is not saved up. */
        private static final long GOOD_FOR = Duration.ofSeconds(2).toNanos();

        private final int block;
        private final ExecutorService thread = Executors.newSingleThreadExecutor(task -> {
            Thread daemon = new Thread(task, "request-permits");
            daemon.setDaemon(true);
            return daemon;
        });
        private int left;
        private double at;
        private double interval;

        Permits(int block) {
            this.block = block;
        }

        @Override
        public CompletionStage<Void> acquire() {
            CompletableFuture<Void> permit = new CompletableFuture<>();
            thread.execute(() -> give(permit));
            return permit;
        }

        private void give(CompletableFuture<Void> permit) {
            if (permit.isDone()) {
                return;
            }
            try {
                long now = System.nanoTime();
                if (left == 0 || at < now - GOOD_FOR) {
                    double[] grant = EXECUTOR.ask(block);
                    now = System.nanoTime();
                    at = now + grant[0];
                    interval = grant[1];
                    left = block;
                }
                long wait = Math.max(0, (long) (at - now));
                at += interval;
                left--;
                if (wait == 0) {
                    permit.complete(null);
                } else {
                    CompletableFuture.delayedExecutor(wait, TimeUnit.NANOSECONDS, Runnable::run)
                            .execute(() -> permit.complete(null));
                }
            } catch (IOException | RuntimeException e) {
                permit.completeExceptionally(e);
            }
        }
    }
}
