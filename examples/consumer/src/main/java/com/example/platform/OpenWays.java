package com.example.platform;

import io.zta.ZeroTrust;
import io.zta.finding.Finding;
import io.zta.snapshot.Snapshot;
import io.zta.verify.Report;
import io.zta.verify.Verifier;
import java.nio.file.Path;

/** A platform team's own tool: prints the ways into a namespace that are open. */
public final class OpenWays {
    private OpenWays() {}

    /** Takes a directory of manifests and a namespace. */
    public static void main(String[] arguments) {
        Report report = Verifier.verify(
                ZeroTrust.namespace(arguments[1]).denyDirectAccess().strictMtls(),
                Snapshot.of(Path.of(arguments[0])));
        for (Finding finding : report.findings()) {
            System.out.println(finding.bypass() + " " + finding.object() + " " + finding.title());
        }
    }
}
