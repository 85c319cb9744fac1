package org.ballast.spark.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;

class FaultsTest {
    @Test
    void keepsWhatIsUnchecked() {
        var fault = new IllegalArgumentException("step must be at least 1");
        assertThat(Faults.of(new ExecutionException(fault))).isSameAs(fault);
    }

    @Test
    void wrapsWhatIsChecked() {
        var fault = new IOException("disk full");
        assertThat(Faults.of(new ExecutionException(fault)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("disk full")
                .hasCause(fault);
    }

    @Test
    void letsErrorsThrough() {
        var error = new OutOfMemoryError("Java heap space");
        assertThatThrownBy(() -> Faults.of(new ExecutionException(error))).isSameAs(error);
    }
}
