package org.ballast.jobs;

import java.util.Optional;

/** Version of the code that runs: recorded with what it writes. */
public final class CodeVersion {
    private CodeVersion() {}

    /** Of the assembly; {@code development} where classes are not in one. */
    public static String current() {
        return Optional.ofNullable(CodeVersion.class.getPackage().getImplementationVersion())
                .orElse("development");
    }
}
