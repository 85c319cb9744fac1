package org.ballast.jobs;

import java.util.ArrayList;
import java.util.List;
import org.ballast.core.config.Settings;
import org.ballast.core.data.split.GroupBy;
import org.ballast.core.data.split.SplitMode;
import org.ballast.core.data.split.SplitRule;
import org.ballast.core.data.split.SplitShare;
import org.ballast.core.longtail.ClassOrder;
import org.ballast.core.longtail.LongTailRule;
import org.ballast.core.longtail.SamplingRule;
import org.ballast.core.longtail.SamplingStrategy;
import org.ballast.core.longtail.TailProfile;
import org.ballast.spark.shape.ShapeOptions;

/** The keys {@code train-split}, {@code splits}, {@code long-tail} and {@code sampling}; the same in all jobs that shape rows. */
public final class ShapeSettings {
    private enum Profile {
        NONE,
        EXPONENTIAL,
        PARETO
    }

    private ShapeSettings() {}

    /** Reads the subtree of a stage. */
    public static ShapeOptions read(Settings settings) {
        String train = name(settings, "train-split");
        SplitRule splits = splits(settings.section("splits"), train);
        Settings tail = settings.section("long-tail");
        LongTailRule longTail =
                switch (tail.choice("profile", Profile.class)) {
                    case NONE -> null;
                    case EXPONENTIAL -> longTail(tail, TailProfile.EXPONENTIAL);
                    case PARETO -> longTail(tail, TailProfile.PARETO);
                };
        Settings sampling = settings.section("sampling");
        return new ShapeOptions(
                splits,
                longTail,
                new SamplingRule(
                        sampling.choice("strategy", SamplingStrategy.class),
                        sampling.number("progress", 0, 1),
                        sampling.number("beta", 0, Math.nextDown(1.0))));
    }

    private static SplitRule splits(Settings settings, String train) {
        SplitMode mode = settings.choice("mode", SplitMode.class);
        List<SplitShare> shares = new ArrayList<>();
        for (Settings share : settings.sections("shares")) {
            share.onlyKeys("split", "share");
            String split = name(share, "split");
            double part = share.number("share", 0, 1);
            if (part == 0) {
                share.fault("share", "is 0: a split that gets no rows is left out of the list");
            }
            shares.add(new SplitShare(split, part == 0 ? 1 : part));
        }
        List<GroupBy> groupBy = settings.choices("group-by", GroupBy.class, Settings::written);
        if (groupBy.isEmpty() && !settings.strings("group-by").isEmpty()) {
            groupBy = List.of(GroupBy.IMAGE);
        }
        boolean byPattern = groupBy.contains(GroupBy.PATTERN);
        return rule(settings, mode, shares, groupBy, byPattern, train);
    }

    /** The rule of values that are sound one by one; what does not go together is a fault of the section. */
    private static SplitRule rule(
            Settings settings,
            SplitMode mode,
            List<SplitShare> shares,
            List<GroupBy> groupBy,
            boolean byPattern,
            String train) {
        String pattern = settings.optionalString("pattern").orElse(null);
        if (byPattern && pattern == null) {
            settings.fault("pattern", "is missing: rows are grouped by it");
            return SplitRule.source(train);
        }
        try {
            return new SplitRule(
                    mode,
                    shares,
                    settings.strings("of"),
                    groupBy,
                    byPattern ? pattern : null,
                    train,
                    settings.wholeNumber("seed", Long.MIN_VALUE, Long.MAX_VALUE),
                    settings.choice("leaks", Leaks.class) == Leaks.KEEP);
        } catch (IllegalArgumentException e) {
            settings.fault("shares", "and the keys beside it do not go together: " + e.getMessage());
            return SplitRule.source(train);
        }
    }

    private enum Leaks {
        KEEP,
        QUARANTINE
    }

    private static LongTailRule longTail(Settings settings, TailProfile profile) {
        String split = name(settings, "split");
        String leftOut = name(settings, "left-out");
        double ratio = settings.number("imbalance-ratio", 1, 1_000_000);
        double alpha = settings.number("alpha", 1e-3, 100);
        long largest = settings.wholeNumber("max-samples", 0, Long.MAX_VALUE);
        ClassOrder order = settings.choice("order", ClassOrder.class);
        long seed = settings.wholeNumber("seed", Long.MIN_VALUE, Long.MAX_VALUE);
        if (split.equals(leftOut)) {
            settings.fault("left-out", "is the split that is cut, '" + split + "': rows left out need another");
            return null;
        }
        return new LongTailRule(profile, split, leftOut, ratio, alpha, largest, order, seed);
    }

    /** A split's name; {@code train} in place of one that cannot be a folder. */
    private static String name(Settings settings, String key) {
        String name = settings.string(key);
        try {
            return SplitShare.requireName(name);
        } catch (IllegalArgumentException e) {
            settings.fault(key, "cannot be the name of a split: " + e.getMessage());
            return "train";
        }
    }
}
