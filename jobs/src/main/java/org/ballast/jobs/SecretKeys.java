package org.ballast.jobs;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigValueFactory;
import java.util.Locale;

/** Keeps secrets out of what is written down. */
final class SecretKeys {
    private SecretKeys() {}

    /** The settings as JSON with the values of keys that sound like secrets struck out. */
    static String redacted(Config config) {
        Config safe = config;
        for (var entry : config.entrySet()) {
            String key = entry.getKey().toLowerCase(Locale.ROOT);
            if (key.endsWith("password") || key.endsWith("secret") || key.endsWith("api-key")) {
                safe = safe.withValue(entry.getKey(), ConfigValueFactory.fromAnyRef("<redacted>"));
            }
        }
        return safe.root().render(ConfigRenderOptions.concise());
    }
}
