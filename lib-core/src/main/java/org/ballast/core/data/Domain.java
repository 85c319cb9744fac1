package org.ballast.core.data;

/** Whether a sample belongs to the training distribution. */
public enum Domain {
    IN_DISTRIBUTION("id"),
    OUT_OF_DISTRIBUTION("ood");

    private final String stored;

    Domain(String stored) {
        this.stored = stored;
    }

    /** The name in tables and configurations. */
    public String stored() {
        return stored;
    }

    /** @throws IllegalArgumentException for any name but {@code id} and {@code ood} */
    public static Domain of(String stored) {
        for (Domain domain : values()) {
            if (domain.stored.equals(stored)) {
                return domain;
            }
        }
        throw new IllegalArgumentException("unknown domain '" + stored + "': id or ood");
    }
}
