package org.ballast.spark.negative;

import java.io.Serializable;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.ballast.core.chat.ChatOptions;
import org.ballast.core.mllm.generate.GenerationOptions;
import org.ballast.core.negative.InjectionPrompts;
import org.ballast.core.negative.QualityRules;
import org.ballast.core.negative.SwapCategory;
import org.ballast.core.negative.SwapLexicon;
import org.ballast.spark.units.UnitOptions;

/**
 * Which negatives are made of which prompts.
 *
 * @param splits prompts of these splits
 * @param kinds prompts of these kinds, empty: all
 * @param sample prompts that are taken, each kind in each split with its share; 0: all
 * @param weaken answers to the weakened picture, or none
 * @param inject right responses that a language model wrote an error into, or none
 * @param retrieve right responses about other pictures, or none
 * @param swap words of the right response exchanged by lexicon, or none
 * @param price of tokens
 * @param servers model servers; there where a policy asks them
 * @param quality what is rejected, and how often it is tried again
 * @param checks what is rejected by a model
 * @param batchRows rows decoded together
 */
public record NegativeOptions(
        List<String> splits,
        List<String> kinds,
        int sample,
        Optional<Weaken> weaken,
        Optional<Inject> inject,
        Optional<Retrieve> retrieve,
        Optional<Swap> swap,
        Optional<Servers> servers,
        Price price,
        QualityRules quality,
        Checks checks,
        int batchRows,
        UnitOptions units) {
    public NegativeOptions {
        if (weaken.isEmpty() && inject.isEmpty() && retrieve.isEmpty() && swap.isEmpty()) {
            throw new IllegalArgumentException("weaken, inject, retrieve and swap are all off: there is nothing to do");
        }
        if (asksServers(weaken, inject) && servers.isEmpty()) {
            throw new IllegalArgumentException("a policy has the backend chat, but no servers are given");
        }
        if (batchRows < 1) {
            throw new IllegalArgumentException("batch-size is " + batchRows + ", not at least 1");
        }
        if (sample < 0) {
            throw new IllegalArgumentException("sample is " + sample + ", not at least 0");
        }
    }

    /** True when a model of this process is needed. */
    public boolean needsCheckpoint() {
        return weaken.filter(policy -> policy.backend == Backend.MLLM).isPresent()
                || inject.filter(policy -> policy.backend == Backend.MLLM).isPresent()
                || checks.margin.isPresent();
    }

    private static boolean asksServers(Optional<Weaken> weaken, Optional<Inject> inject) {
        return weaken.filter(policy -> policy.backend == Backend.CHAT).isPresent()
                || inject.filter(policy -> policy.backend == Backend.CHAT).isPresent();
    }

    /**
     * Model servers.
     *
     * @param perMinute requests a minute of all executors together, above 0; null: no limit
     */
    public record Servers(ChatOptions chat, Double perMinute) implements Serializable {}

    /**
     * What tokens cost, in any currency.
     *
     * @param prompt a million tokens that a model reads
     * @param completion a million tokens that it writes
     */
    public record Price(double prompt, double completion) implements Serializable {
        public static final Price NONE = new Price(0, 0);
    }

    /** Who answers. */
    public enum Backend {
        /** The checkpoint, in the executors. */
        MLLM,
        /** Model servers that speak the OpenAI API. */
        CHAT
    }

    /**
     * How much of a policy is wanted.
     *
     * @param part of the prompts, in (0, 1]; which ones hangs on their ids
     * @param samples negatives of each of them, at least 1
     */
    public record Share(double part, int samples) implements Serializable {
        public Share {
            if (!(part > 0 && part <= 1) || samples < 1) {
                throw new IllegalArgumentException(
                        "share is " + part + " and samples " + samples + ", not in (0, 1] and at least 1");
            }
        }
    }

    /**
     * Image weakening.
     *
     * @param firstStep least diffusion step, 0 .. 999
     * @param lastStep most; each attempt draws its own
     * @param generation with its contrast
     */
    public record Weaken(Share share, int firstStep, int lastStep, GenerationOptions generation, Backend backend)
            implements Serializable {
        public Weaken {
            if (firstStep < 0 || lastStep < firstStep) {
                throw new IllegalArgumentException("step is " + firstStep + " to " + lastStep);
            }
        }
    }

    /** Error injection. */
    public record Inject(Share share, InjectionPrompts prompts, GenerationOptions generation, Backend backend)
            implements Serializable {}

    /** Responses about other pictures. */
    public record Retrieve(Share share, RetrieveOptions search) implements Serializable {}

    /**
     * Words exchanged by rule.
     *
     * @param categories at least one
     * @param changes words that change in each response, at least 1
     */
    public record Swap(Share share, SwapLexicon lexicon, Set<SwapCategory> categories, int changes)
            implements Serializable {
        public Swap {
            categories = Set.copyOf(categories);
        }
    }

    /**
     * Checks that need a model.
     *
     * @param similarity window for the similarity of the sentence embeddings of negative and positive, or none
     * @param margin a retrieved, swapped or injected negative is no error when its mean log-prob a token, by the checkpoint and the clean picture, exceeds that of
     *     the positive by more than this, in nats; or none
     */
    public record Checks(Optional<Window> similarity, Optional<Double> margin) {
        public static final Checks NONE = new Checks(Optional.empty(), Optional.empty());
    }

    /** Bounds of a dot product of unit vectors, both included. */
    public record Window(double least, double most) implements Serializable {
        public Window {
            if (!(least >= -1 && least <= most && most <= 1)) {
                throw new IllegalArgumentException("similarity " + least + " to " + most + " is no window in -1 .. 1");
            }
        }
    }
}
