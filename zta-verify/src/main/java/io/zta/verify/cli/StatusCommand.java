package io.zta.verify.cli;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.zta.verify.apply.ApplyException;
import io.zta.verify.apply.Status;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code zta status}: where each namespace stands. */
@Command(
        name = "status",
        description = "Shows in which phase each namespace stands, by the inventories in the cluster, which step was"
                + " interrupted, and what the next phase would break.",
        footerHeading = "%nExample:%n",
        footer = "  zta status --kubeconfig ~/.kube/config -o json")
final class StatusCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Mixin
    private ClusterOptions cluster = new ClusterOptions();

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORMAT",
            defaultValue = "text",
            description = "text or json; text unless given")
    private String format = "text";

    @Override
    public Integer call() {
        try (KubernetesClient client = cluster.client()) {
            Status status = Status.read(client);
            spec.commandLine().getOut().print(format.equals("json") ? status.toJson() : status.toText());
            spec.commandLine().getOut().flush();
            return status.postures().stream()
                            .allMatch(entry -> entry.unfinished().isEmpty())
                    ? 0
                    : 1;
        } catch (ApplyException e) {
            spec.commandLine().getErr().println("zta: " + e.getMessage());
            return ClusterOptions.code(e);
        }
    }
}
