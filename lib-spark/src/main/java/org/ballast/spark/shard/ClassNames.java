package org.ballast.spark.shard;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.Serializable;
import java.util.List;
import org.ballast.core.data.Domain;

/**
 * Names of the classes by label.
 *
 * @param inDistribution empty when unknown: then any label from 0 is allowed, without a name
 * @param open names of classes outside the training distribution
 */
public record ClassNames(
        @JsonProperty("in_distribution") List<String> inDistribution, @JsonProperty("open") List<String> open)
        implements Serializable {
    /** No names at all. */
    public static final ClassNames NONE = new ClassNames(List.of(), List.of());

    public ClassNames {
        inDistribution = inDistribution == null ? List.of() : List.copyOf(inDistribution);
        open = open == null ? List.of() : List.copyOf(open);
    }

    /** True when a sample of this domain may have the label. */
    boolean allows(int label, Domain domain) {
        if (domain == Domain.OUT_OF_DISTRIBUTION) {
            return label >= -1;
        }
        return label >= 0 && (inDistribution.isEmpty() || label < inDistribution.size());
    }

    /** Label of a class name in a domain, -1 when there is none of that name. */
    int label(String name, Domain domain) {
        return (domain == Domain.OUT_OF_DISTRIBUTION ? open : inDistribution).indexOf(name);
    }

    /** Name of a label, null when unknown. */
    String name(int label, Domain domain) {
        List<String> names = domain == Domain.OUT_OF_DISTRIBUTION ? open : inDistribution;
        return label >= 0 && label < names.size() ? names.get(label) : null;
    }
}
