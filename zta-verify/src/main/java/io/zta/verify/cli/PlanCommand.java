package io.zta.verify.cli;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.zta.verify.apply.ApplyException;
import io.zta.verify.apply.Plan;
import io.zta.verify.apply.Planner;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code zta plan}: what apply would write, and what stands against it. */
@Command(
        name = "plan",
        description = "Shows what apply would write to a cluster, which flows end, which grants remain, and which gates"
                + " stand against it. Writes nothing. Exit 0 where it could be applied, 1 where a gate refuses it.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  zta plan --posture posture.yaml --kubeconfig ~/.kube/config",
            "  zta plan --posture posture.yaml --phase network -o json"
        })
final class PlanCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Mixin
    private PlanningOptions planning = new PlanningOptions();

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
            Plan plan = Planner.plan(planning.posture(), client, planning.options());
            spec.commandLine().getOut().print(format.equals("json") ? plan.toJson() : plan.toText());
            spec.commandLine().getOut().flush();
            return plan.refused().isEmpty() ? 0 : 1;
        } catch (ApplyException e) {
            spec.commandLine().getErr().println("zta: " + e.getMessage());
            return ClusterOptions.code(e);
        }
    }
}
