package io.zta.verify.cli;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.zta.Posture;
import io.zta.verify.apply.Applied;
import io.zta.verify.apply.Applier;
import io.zta.verify.apply.ApplyException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code zta rollback}: brings back the state before a step. */
@Command(
        name = "rollback",
        description =
                "Takes back the last apply, or every step from one on, to what the inventory says was there before."
                        + " Asks on a terminal; elsewhere --yes is needed.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  zta rollback --posture posture.yaml --kubeconfig ~/.kube/config",
            "  zta rollback --posture posture.yaml --step 4 --yes"
        })
final class RollbackCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Option(names = "--posture", paramLabel = "FILE", required = true, description = "a file with one ZeroTrustPosture")
    private Path posture = Path.of("posture.yaml");

    @Mixin
    private ClusterOptions cluster = new ClusterOptions();

    @Option(names = "--step", paramLabel = "N", description = "back to before this step, as status numbers them")
    private Optional<Integer> step = Optional.empty();

    @Option(names = "--yes", description = "does not ask")
    private boolean yes;

    @Override
    public Integer call() {
        Posture read = Posture.read(posture);
        try (KubernetesClient client = cluster.client()) {
            String what =
                    step.map(number -> "everything from step " + number + " on").orElse("the last apply");
            if (!Consent.given(yes, "Take back " + what + " of " + read.id() + "?")) {
                return 1;
            }
            Applier applier = Applier.with(client);
            Applied back = step.isPresent() ? applier.rollback(read, step.get()) : applier.rollback(read);
            spec.commandLine().getOut().print(back.toText());
            spec.commandLine().getOut().flush();
            return back.unproven().isEmpty() ? 0 : 3;
        } catch (ApplyException e) {
            spec.commandLine().getErr().println("zta: " + e.getMessage());
            return ClusterOptions.code(e);
        }
    }
}
