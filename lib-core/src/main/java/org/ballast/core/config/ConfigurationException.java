package org.ballast.core.config;

import java.util.List;
import java.util.stream.Collectors;

/** A configuration that cannot be used; the message lists every fault that was found. */
public final class ConfigurationException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient List<Fault> faults;

    public ConfigurationException(List<Fault> faults) {
        super(faults.stream().map(Fault::toString).collect(Collectors.joining(System.lineSeparator())));
        this.faults = List.copyOf(faults);
    }

    public ConfigurationException(String where, String message) {
        this(List.of(new Fault(where, message)));
    }

    public List<Fault> faults() {
        return faults;
    }
}
