package io.zta.verify.cli;

import io.zta.Posture;
import io.zta.compile.Extra;
import io.zta.compile.Manifests;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code zta render}: a posture's objects. */
@Command(
        name = "render",
        description = "Prints the objects of a posture as one YAML stream that `kubectl apply` takes.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  zta render posture.yaml | kubectl apply --server-side -f -",
            "  zta render posture.yaml --audit-policy > /etc/kubernetes/audit-policy.yaml",
            "  zta render posture.yaml --extras=extras/"
        })
final class RenderCommand implements Callable<Integer> {
    private static final String AUDIT_POLICY = "audit-policy.yaml";

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Parameters(paramLabel = "POSTURE", description = "a file with one ZeroTrustPosture")
    private Path posture = Path.of("posture.yaml");

    @ArgGroup
    private Beside beside = new Beside();

    /** What may be printed in place of the objects. */
    static final class Beside {
        @Option(
                names = "--audit-policy",
                description = "print the audit policy file instead, with the API server's flags as comments")
        private boolean auditPolicy;

        @Option(
                names = "--extras",
                paramLabel = "DIR",
                arity = "0..1",
                fallbackValue = "-",
                description = "write what goes beside the objects (audit policy, Falco rules, Gatekeeper constraints,"
                        + " Telemetry) into this directory; - or nothing prints them")
        private Optional<String> extras = Optional.empty();
    }

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        Manifests manifests = Posture.read(posture).manifests();
        if (beside.auditPolicy) {
            Extra policy = manifests
                    .extra(AUDIT_POLICY)
                    .orElseThrow(() -> new UsageException(posture
                            + " does not ask for audit. Add `audit: {}` to its spec, or leave out --audit-policy."));
            out.print(policy.content());
        } else if (beside.extras.isPresent()) {
            extras(manifests, beside.extras.get(), out);
        } else {
            out.print(manifests.toYaml());
        }
        return ExitCode.PROVEN;
    }

    private static void extras(Manifests manifests, String where, PrintWriter out) throws IOException {
        for (Extra extra : manifests.extras()) {
            if (where.equals("-")) {
                out.print("---\n# " + extra.name() + "\n" + extra.content());
            } else {
                Path file = Path.of(where).resolve(extra.name());
                Files.createDirectories(file.toAbsolutePath().getParent());
                Files.writeString(file, extra.content());
                out.println(file);
            }
        }
    }
}
