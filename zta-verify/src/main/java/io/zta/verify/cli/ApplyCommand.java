package io.zta.verify.cli;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.zta.verify.apply.Applied;
import io.zta.verify.apply.Applier;
import io.zta.verify.apply.ApplyException;
import io.zta.verify.apply.Plan;
import io.zta.verify.apply.Planner;
import io.zta.verify.apply.ReviewedPlan;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code zta apply}: carries out the plan, step by step. */
@Command(
        name = "apply",
        description = "Plans, shows the plan, asks, and carries it out step by step; a step after which something no"
                + " longer works is undone. Asks on a terminal; elsewhere --yes is needed.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  zta apply --posture posture.yaml --kubeconfig ~/.kube/config",
            "  zta apply --posture posture.yaml --phase network --yes",
            "  zta plan --posture posture.yaml -o json > plan.json",
            "  zta apply --plan plan.json --yes"
        })
final class ApplyCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Mixin
    private PlanningOptions planning = new PlanningOptions();

    @Mixin
    private ClusterOptions cluster = new ClusterOptions();

    @Option(
            names = "--plan",
            paramLabel = "FILE",
            description =
                    "a plan as plan -o json printed it: applied where it still is the plan of now, refused with what"
                            + " is another otherwise. Takes the place of --posture and of all that a plan decides")
    private Optional<Path> reviewed = Optional.empty();

    @Option(names = "--yes", description = "does not ask")
    private boolean yes;

    @Option(
            names = "--settle",
            paramLabel = "SECONDS",
            defaultValue = "3",
            description = "how long what works must go on working after each step; 3 unless given")
    private int settle = 3;

    @Override
    public Integer call() {
        try (KubernetesClient client = cluster.client()) {
            Plan plan = plan(client);
            spec.commandLine().getOut().print(plan.toText());
            spec.commandLine().getOut().flush();
            if (plan.refused().isEmpty() && !plan.isEmpty() && !Consent.given(yes, "Apply it?")) {
                return 1;
            }
            Applied applied = Applier.with(client)
                    .withPatience(Duration.ofSeconds(settle), Duration.ofSeconds(settle + 30L))
                    .apply(plan);
            spec.commandLine().getOut().print("\n" + applied.toText());
            spec.commandLine().getOut().flush();
            return applied.unproven().isEmpty() ? 0 : 3;
        } catch (ApplyException e) {
            spec.commandLine().getErr().println("zta: " + e.getMessage());
            return ClusterOptions.code(e);
        }
    }

    private Plan plan(KubernetesClient client) {
        if (reviewed.isEmpty()) {
            return Planner.plan(planning.posture(), client, planning.options());
        }
        if (planning.given()) {
            throw new UsageException(
                    "--plan decides all that a plan decides: leave the other options out, or plan again.");
        }
        return ReviewedPlan.read(reviewed.get()).confirm(client);
    }
}
