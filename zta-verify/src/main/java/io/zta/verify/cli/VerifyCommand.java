package io.zta.verify.cli;

import io.zta.Posture;
import io.zta.finding.Claim;
import io.zta.snapshot.Origin;
import io.zta.snapshot.Snapshot;
import io.zta.verify.ImpliedPostures;
import io.zta.verify.Report;
import io.zta.verify.Verifier;
import io.zta.verify.render.Dossier;
import io.zta.verify.render.FlowMap;
import io.zta.verify.render.Format;
import io.zta.verify.render.TextReport;
import io.zta.verify.whatif.WhatIf;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code zta verify}: the proof. */
@Command(
        name = "verify",
        description = "Proves or refutes a posture on manifests or a live cluster. Without a posture: what the snapshot"
                + " itself claims to protect.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  zta verify --posture posture.yaml --snapshot cluster/",
            "  zta verify --snapshot cluster/ -o sarif > zta.sarif",
            "  zta verify --posture posture.yaml --snapshot cluster/ --what-if",
            "  zta verify --posture posture.yaml --kubeconfig ~/.kube/config -o html > zta.html"
        })
final class VerifyCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Option(names = "--posture", paramLabel = "FILE", description = "a file with one ZeroTrustPosture")
    private Optional<Path> posture = Optional.empty();

    @Mixin
    private SnapshotOptions source = new SnapshotOptions();

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORMAT",
            defaultValue = "text",
            description = "${COMPLETION-CANDIDATES}; text unless given")
    private Format format = Format.TEXT;

    @Option(
            names = "--what-if",
            description =
                    "also look for what would change each verdict: edits that are tried on a copy of the snapshot,"
                            + " which takes some seconds")
    private boolean whatIf;

    @Override
    public Integer call() {
        Optional<Posture> given = posture.map(Posture::read);
        Snapshot snapshot = source.read();
        List<Posture> postures = given.map(List::of).orElseGet(() -> ImpliedPostures.of(snapshot));
        if (postures.isEmpty()) {
            throw new UsageException("Nothing says what to prove: the snapshot holds no ZeroTrustPosture, no objects of"
                    + " one, no default deny and no STRICT PeerAuthentication. Write a posture and give it with"
                    + " --posture, such as:\n\n" + starter(snapshot));
        }
        Progress.say("proving");
        List<Report> reports = new ArrayList<>();
        postures.forEach(one -> reports.add(Verifier.verify(one, snapshot)));
        Map<Claim, Origin> asked = posture.map(PostureLines::of).orElseGet(() -> PostureLines.of(snapshot));
        Dossier dossier = Dossier.of(reports).asked(asked);
        if (format == Format.HTML) {
            dossier = dossier.with(FlowMap.of(snapshot, postures));
        }
        if (whatIf) {
            Progress.say("looking for what would change it");
            dossier = dossier.turning(postures.stream()
                    .flatMap(one -> WhatIf.of(one, snapshot).stream())
                    .toList());
        }
        boolean coloured = format == Format.TEXT && Progress.isColoured();
        String text = coloured ? TextReport.coloured().write(dossier) : format.render(dossier);
        spec.commandLine().getOut().print(text);
        return ExitCode.of(dossier.outcome());
    }

    private static String starter(Snapshot snapshot) {
        String namespace = snapshot.namespaces().stream()
                .filter(name -> !name.startsWith("kube-") && !name.startsWith("istio-"))
                .findFirst()
                .orElse("default");
        return io.zta.ZeroTrust.namespace(namespace)
                .denyDirectAccess()
                .strictMtls()
                .noExecFor("developers")
                .toYaml();
    }
}
