package io.zta.verify.cli;

import io.zta.rbac.Action;
import io.zta.rbac.AdmissionVerdicts;
import io.zta.rbac.Escalation;
import io.zta.rbac.Grant;
import io.zta.rbac.Rbac;
import io.zta.rbac.WhoCan;
import io.zta.snapshot.Snapshot;
import io.zta.verify.internal.Json;
import java.io.PrintWriter;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code zta who-can}: everybody whom roles and bindings let do something, at once or in steps, and by which grants. */
@Command(
        name = "who-can",
        description = "Lists who can do something by roles and bindings, at once or by way of another identity.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  zta who-can exec -n shop --snapshot cluster/",
            "  zta who-can API-token --snapshot cluster/ -o json",
            "  zta who-can \"get pods/log\" -n shop --snapshot cluster/"
        })
final class WhoCanCommand implements Callable<Integer> {
    /** Forms of the answer. */
    enum Format {
        json,
        text
    }

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Mixin
    private SnapshotOptions snapshot = new SnapshotOptions();

    @Parameters(
            index = "0",
            paramLabel = "ACTION",
            description =
                    "exec, attach, portforward, ephemeral, proxy, node, another API-* bypass, or \"VERB RESOURCE\"")
    private String action = "";

    @Option(names = "-n", paramLabel = "NAMESPACE", description = "only what counts there; every one where left out")
    private Optional<String> namespace = Optional.empty();

    @Option(names = "-o", paramLabel = "FORMAT", description = "json or text; text where left out")
    private Format format = Format.text;

    @Override
    public Integer call() {
        Action asked = Action.named(action)
                .orElseThrow(() -> new UsageException("No action " + action + ": give one of "
                        + String.join(", ", Action.names()) + ", or a verb and a resource as \"get pods/log\"."));
        Snapshot cluster = snapshot.read();
        Rbac rbac = Rbac.of(cluster);
        List<WhoCan> found = Escalation.of(rbac, AdmissionVerdicts.NONE).whoCan(asked, namespace);
        PrintWriter out = spec.commandLine().getOut();
        if (format == Format.json) {
            out.print(Json.indented(found.stream().map(WhoCanCommand::json).toList()));
        } else {
            found.forEach(who -> text(out, who));
            if (found.isEmpty()) {
                out.println("nobody, by the roles and bindings of the snapshot");
            }
        }
        out.flush();
        EntryExplanation.notes(spec.commandLine().getErr(), cluster, rbac);
        return ExitCode.PROVEN;
    }

    private static Map<String, Object> json(WhoCan who) {
        return Json.object(
                "subject",
                who.subject(),
                "namespace",
                who.namespace(),
                "via",
                who.via().stream().map(Grant::toString).toList(),
                "steps",
                who.steps());
    }

    private static void text(PrintWriter out, WhoCan who) {
        String where = who.namespace().equals("*") ? "in every namespace" : "in " + who.namespace();
        String how = who.steps() == 0
                ? ""
                : ", after " + who.steps() + (who.steps() == 1 ? " step" : " steps") + " to another identity or right";
        out.println(who.subject() + " " + where + how);
        who.via().forEach(grant -> out.println("  " + grant));
    }
}
