package org.ballast.core.preference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.ballast.core.goldens.MathGoldens.assertClose;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.Stream;
import org.ballast.core.goldens.MathGoldens;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class PreferenceLossTest {
    private static final JsonNode GOLDENS = MathGoldens.json("preference_losses.json");
    private static final Set<String> BUILT = Set.of("sigmoid", "cdpo", "rpo");

    static Stream<JsonNode> cases() {
        return MathGoldens.stream(GOLDENS.get("cases"))
                .filter(c -> BUILT.contains(c.get("loss").textValue()));
    }

    static Stream<PreferenceLoss> losses() {
        return Stream.of(new SigmoidLoss(0.3), new ConservativeLoss(0.3, 0.2), new RpoLoss(0.3, 0.7));
    }

    private static PreferenceLoss loss(JsonNode golden) {
        double beta = golden.get("beta").doubleValue();
        return switch (golden.get("loss").textValue()) {
            case "sigmoid" -> new SigmoidLoss(beta);
            case "cdpo" -> new ConservativeLoss(
                    beta, golden.get("label_smoothing").doubleValue());
            case "rpo" -> new RpoLoss(beta, golden.get("lambda").doubleValue());
            default -> throw new AssertionError(golden.get("loss"));
        };
    }

    private static List<PairLogProbs> inputs() {
        JsonNode inputs = GOLDENS.get("inputs");
        List<PairLogProbs> pairs = new ArrayList<>();
        for (int i = 0; i < inputs.get("policy_chosen").size(); i++) {
            pairs.add(new PairLogProbs(
                    inputs.get("policy_chosen").get(i).doubleValue(),
                    inputs.get("policy_rejected").get(i).doubleValue(),
                    inputs.get("reference_chosen").get(i).doubleValue(),
                    inputs.get("reference_rejected").get(i).doubleValue(),
                    inputs.get("chosen_tokens").get(i).intValue(),
                    inputs.get("rejected_tokens").get(i).intValue()));
        }
        return pairs;
    }

    @ParameterizedTest
    @MethodSource("cases")
    void agreesWithTheGoldens(JsonNode golden) {
        PreferenceLoss loss = loss(golden);
        List<PairLogProbs> pairs = inputs();
        for (int i = 0; i < pairs.size(); i++) {
            LossGradient gradient = loss.evaluate(pairs.get(i));
            assertClose(
                    loss + " row " + i,
                    gradient.loss(),
                    golden.get("loss_per_row").get(i));
            assertClose(
                    loss + " chosen " + i,
                    gradient.policyChosen(),
                    golden.get("grad_policy_chosen").get(i));
            assertClose(
                    loss + " rejected " + i,
                    gradient.policyRejected(),
                    golden.get("grad_policy_rejected").get(i));
        }
    }

    @Test
    void readsEveryCaseOfTheBuiltLosses() {
        assertThat(cases().map(c -> c.get("loss").textValue()))
                .contains("sigmoid", "cdpo", "rpo")
                .hasSize(15);
    }

    @ParameterizedTest
    @MethodSource("losses")
    void gradientMatchesFiniteDifferences(PreferenceLoss loss) {
        PairLogProbs p = new PairLogProbs(-12.5, -14.25, -11.75, -13, 7, 9);
        LossGradient g = loss.evaluate(p);
        assertThat(g.policyChosen()).isCloseTo(slope(x -> at(loss, x, -14.25, -11.75, -13), -12.5), within(1e-8));
        assertThat(g.policyRejected()).isCloseTo(slope(x -> at(loss, -12.5, x, -11.75, -13), -14.25), within(1e-8));
        assertThat(g.referenceChosen()).isCloseTo(slope(x -> at(loss, -12.5, -14.25, x, -13), -11.75), within(1e-8));
        assertThat(g.referenceRejected()).isCloseTo(slope(x -> at(loss, -12.5, -14.25, -11.75, x), -13), within(1e-8));
    }

    private static double at(PreferenceLoss loss, double pc, double pr, double rc, double rr) {
        return loss.evaluate(new PairLogProbs(pc, pr, rc, rr, 7, 9)).loss();
    }

    private static double slope(DoubleUnaryOperator f, double x) {
        double h = 1e-5;
        return (f.applyAsDouble(x + h) - f.applyAsDouble(x - h)) / (2 * h);
    }

    @Test
    void agreesWithValuesWorkedOutByHand() {
        // policy equals reference: d = 0, loss = log 2, slope = -beta / 2
        PairLogProbs start = new PairLogProbs(-10, -8, -10, -8, 5, 4);
        LossGradient g = new SigmoidLoss(0.1).evaluate(start);
        assertThat(g).isEqualTo(new LossGradient(Math.log(2), -0.05, 0.05, 0.05, -0.05));
        assertThat(new RpoLoss(0.1, 0.5).evaluate(start).loss()).isCloseTo(Math.log(2) + 1, within(1e-15));
        assertThat(new ConservativeLoss(0.1, 0.25).evaluate(start).policyChosen())
                .isCloseTo(-0.025, within(1e-15));
    }

    @ParameterizedTest
    @MethodSource("losses")
    void staysFiniteAtExtremes(PreferenceLoss loss) {
        for (double extreme : new double[] {-1e6, 0}) {
            LossGradient g = loss.evaluate(new PairLogProbs(extreme, -1e6 - extreme, -1, -1, 1, 1));
            assertThat(List.of(g.loss(), g.policyChosen(), g.policyRejected())).allMatch(Double::isFinite);
        }
    }

    @Test
    void summarisesRewards() {
        // w = 2, l = -1: margin 0.1 * 3; second pair: w = -1, l = 0: margin -0.1
        PairLogProbs first = new PairLogProbs(-10, -9, -12, -8, 10, 3);
        PairLogProbs second = new PairLogProbs(-5, -6, -4, -6, 5, 5);
        RewardStatistics rewards = RewardStatistics.of(0.1, List.of(first, second));
        assertThat(rewards.margin()).isCloseTo(0.1, within(1e-12));
        assertThat(rewards.chosenReward()).isCloseTo(0.05, within(1e-12));
        assertThat(rewards.accuracy()).isEqualTo(0.5);
        assertThat(rewards.likelihoodAccuracy()).isEqualTo(0.5); // -10 < -9, -5 > -6
        assertThat(rewards.tokenLikelihoodAccuracy()).isEqualTo(1); // -1 > -3, -1 > -1.2
        assertThat(rewards.chosenLogProb()).isEqualTo(-7.5);
        assertThatThrownBy(() -> RewardStatistics.of(0.1, List.of())).hasMessageContaining("no pair");
    }

    @Test
    void refusesSettingsAndInputsOutOfRange() {
        assertThatThrownBy(() -> new SigmoidLoss(0)).hasMessageContaining("beta must be positive");
        assertThatThrownBy(() -> new ConservativeLoss(0.1, 0.5)).hasMessageContaining("0.5");
        assertThatThrownBy(() -> new RpoLoss(0.1, -1)).hasMessageContaining("-1.0");
        assertThatThrownBy(() -> new PairLogProbs(Double.NaN, 0, 0, 0, 1, 1)).hasMessage("policyChosen is NaN");
        assertThatThrownBy(() -> new PairLogProbs(0, 0, 0, 0, 0, 1)).hasMessageContaining("chosen 0");
    }
}
