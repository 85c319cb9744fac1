package org.ballast.spark.negative;

import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.util.AccumulatorV2;
import org.ballast.core.chat.ChatStatistics;

/** What model servers did for all tasks. Units of one task may add at the same time. */
final class ChatAccumulator extends AccumulatorV2<ChatStatistics, ChatStatistics> {
    private static final long serialVersionUID = 1L;

    private ChatStatistics sum = ChatStatistics.NONE;

    @Override
    public synchronized boolean isZero() {
        return sum.equals(ChatStatistics.NONE);
    }

    @Override
    public synchronized AccumulatorV2<ChatStatistics, ChatStatistics> copy() {
        ChatAccumulator copy = new ChatAccumulator();
        copy.sum = sum;
        return copy;
    }

    @Override
    public synchronized void reset() {
        sum = ChatStatistics.NONE;
    }

    @Override
    public synchronized void add(ChatStatistics more) {
        sum = sum.plus(more);
    }

    @Override
    public void merge(AccumulatorV2<ChatStatistics, ChatStatistics> other) {
        add(other.value());
    }

    @Override
    public synchronized ChatStatistics value() {
        return sum;
    }

    /** Figures of this run; none where no server was asked. */
    Map<String, Double> figures() {
        ChatStatistics all = value();
        Map<String, Double> figures = new TreeMap<>();
        if (all.requests() > 0) {
            figures.put("chat.requests", (double) all.requests());
            figures.put("chat.replies", (double) all.replies());
            figures.put("chat.failures", (double) all.failures());
            figures.put("chat.request-seconds", all.seconds());
            all.retries().forEach((cause, count) -> figures.put("chat.retries." + cause, (double) count));
        }
        return figures;
    }
}
