package org.ballast.spark.export;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/** Reads tars back. */
final class Tars {
    private Tars() {}

    /** Members by name, in order; a name that comes twice is an error. */
    static Map<String, byte[]> read(Path tar) throws IOException {
        Map<String, byte[]> members = new LinkedHashMap<>();
        try (TarArchiveInputStream in = new TarArchiveInputStream(Files.newInputStream(tar))) {
            TarArchiveEntry entry;
            while ((entry = in.getNextTarEntry()) != null) {
                if (members.put(entry.getName(), in.readAllBytes()) != null) {
                    throw new IOException(tar + " holds '" + entry.getName() + "' twice");
                }
            }
        }
        return members;
    }
}
