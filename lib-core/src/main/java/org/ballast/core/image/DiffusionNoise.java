package org.ballast.core.image;

import java.util.random.RandomGenerator;
import org.ballast.core.data.ItemRandom;

/**
 * Image weakening by the forward process of a diffusion model: x_t = sqrt(abar_t) x_0 + sqrt(1 - abar_t) eps on normalised pixels, with
 * beta_t = sigmoid(linspace(low, high, steps))_t (betaMax - betaMin) + betaMin and abar_t = prod_{i <= t} (1 - beta_i), all in double precision.
 * t counts from 0, so t = 0 already has a little noise. Source: BPO (arXiv 2403.08730), after VCD.
 */
public final class DiffusionNoise {
    private final double[] abar;

    /** The schedule of BPO: 1000 steps, beta from 1e-5 to 5e-3, sigmoid over -6 to 6. */
    public static DiffusionNoise bpo() {
        return new DiffusionNoise(1000, 1e-5, 5e-3, -6, 6);
    }

    public DiffusionNoise(int steps, double betaMin, double betaMax, double sigmoidLow, double sigmoidHigh) {
        if (steps < 2 || !(0 < betaMin && betaMin <= betaMax && betaMax < 1) || !(sigmoidLow < sigmoidHigh)) {
            throw new IllegalArgumentException("no noise schedule of " + steps + " steps with beta " + betaMin + " to "
                    + betaMax + " over sigmoid " + sigmoidLow + " to " + sigmoidHigh);
        }
        abar = new double[steps];
        double product = 1;
        for (int t = 0; t < steps; t++) {
            double z = sigmoidLow + (sigmoidHigh - sigmoidLow) * t / (steps - 1);
            product *= 1 - ((betaMax - betaMin) / (1 + Math.exp(-z)) + betaMin);
            abar[t] = product;
        }
    }

    public int steps() {
        return abar.length;
    }

    /** The share of the signal's variance that is left at step t, in (0, 1). */
    public double abar(int t) {
        if (t < 0 || t >= abar.length) {
            throw new IllegalArgumentException("noise step " + t + " is not in 0.." + (abar.length - 1));
        }
        return abar[t];
    }

    /** x_t for given standard-normal noise; computed in double precision, one rounding to float. The inputs stay as they are. */
    public float[] noised(float[] x0, int t, float[] eps) {
        if (eps.length != x0.length) {
            throw new IllegalArgumentException("noise of " + eps.length + " values for " + x0.length + " pixels");
        }
        double signal = Math.sqrt(abar(t));
        double noise = Math.sqrt(1 - abar(t));
        float[] out = new float[x0.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = (float) (signal * x0[i] + noise * eps[i]);
        }
        return out;
    }

    /** x_t with the item's own noise: the same for the same seed, item and attempt, whatever t is. */
    public float[] noised(float[] x0, int t, long seed, String itemId, int attempt) {
        return noised(x0, t, noise(x0.length, seed, itemId, attempt));
    }

    /** Standard-normal noise from the item's {@code noise} stream. */
    public static float[] noise(int size, long seed, String itemId, int attempt) {
        RandomGenerator random = ItemRandom.of(seed, "noise", itemId, attempt);
        float[] eps = new float[size];
        for (int i = 0; i < size; i++) {
            eps[i] = (float) random.nextGaussian();
        }
        return eps;
    }
}
