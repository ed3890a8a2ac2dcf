package io.zta.verify.probe;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.zta.Posture;
import io.zta.ZeroTrust;
import io.zta.intent.Gateway;
import io.zta.intent.Intent;
import io.zta.intent.Subject;
import io.zta.verify.probe.RedTeamReport.Outcome;
import io.zta.verify.probe.RedTeamReport.Row;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Attacks the protections of a posture for real, in scratch namespaces of its own: each attack is tried before the
 * posture's objects are there and after. Start here.
 */
public final class RedTeam {
    private static final Duration IN_FORCE = Duration.ofSeconds(90);

    private RedTeam() {}

    /** What {@link #run} would make and try, one line each. */
    public static List<String> listing(Posture posture, Options options) {
        Gateway gateway = posture.gateway().orElseGet(Gateway::istio);
        List<String> lines = new ArrayList<>();
        lines.add(
                "make namespaces zta-attack-RUN (meshed) and zta-attack-RUN-out with pods of image " + options.image());
        lines.add("make a pod, a Role and a RoleBinding in namespace " + gateway.namespace()
                + ", a ClusterRole and a ClusterRoleBinding (get on nodes/proxy), for an account of RUN alone");
        lines.add("apply there what the posture protects with, and try before and after:");
        try (KubernetesClient none =
                        new KubernetesClientBuilder().withConfig(Config.empty()).build();
                Arena arena = new Arena(none, gateway, options, "RUN")) {
            Attacks.listed(arena).forEach(attack -> lines.add("  " + attack.bypass() + "  " + attack.what()));
        }
        lines.add("delete all of it");
        return lines;
    }

    /**
     * Tries every attack before and after. The posture's own namespaces are not touched.
     *
     * @param client an administrator's: it makes namespaces, grants and admission policies
     * @param options the image of the pods, and the time limit after which a later run takes away what this one left
     * @throws Prober.ProbeSetupException if the scratch application does not come up
     */
    public static RedTeamReport run(Posture posture, KubernetesClient client, Options options) {
        String run = options.marker().orElseGet(Prober::randomMarker);
        try (Arena arena = new Arena(client, posture.gateway().orElseGet(Gateway::istio), options, run)) {
            arena.open();
            List<Attack> attacks = Attacks.of(arena);
            List<Attack> uses = Attacks.uses(arena);
            settle(uses, Outcome.OPEN, 1);
            settle(inForce(attacks), Outcome.OPEN, 1);
            Map<Attack, Tried> usesBefore = all(uses);
            Map<Attack, Tried> before = all(attacks);
            arena.apply(like(posture, arena).manifests().objects());
            settle(inForce(attacks), Outcome.CLOSED, options.confirmations());
            Map<Attack, Tried> after = all(attacks);
            Map<Attack, Tried> usesAfter = all(uses);
            return new RedTeamReport(run, rows(before, after), rows(usesBefore, usesAfter));
        }
    }

    /** Attacks that show whether policies are in force, which no API says. */
    private static List<Attack> inForce(List<Attack> attacks) {
        return attacks.stream()
                .filter(attack -> attack.layer() == Attack.Layer.PACKETS
                        || attack.bypass().equals("API-exec"))
                .toList();
    }

    /** Waits, no longer than it may take, until all come to that outcome so many times in a row. */
    private static void settle(List<Attack> attacks, Outcome outcome, int times) {
        int[] equal = {0};
        Arena.within(IN_FORCE, () -> {
            boolean all =
                    attacks.parallelStream().allMatch(attack -> tried(attack).outcome() == outcome);
            equal[0] = all ? equal[0] + 1 : 0;
            return equal[0] >= times;
        });
    }

    /** The same protections for the scratch namespace, against the attacker. */
    private static Posture like(Posture posture, Arena arena) {
        Posture same =
                ZeroTrust.namespace(arena.namespace).noExecFor(Subject.serviceAccount(arena.outside, Arena.ATTACKER));
        if (posture.asks(Intent.DenyDirectAccess.class)) {
            same = same.denyDirectAccess();
        }
        if (posture.asks(Intent.StrictMtls.class)) {
            same = same.strictMtls();
        }
        return posture.gateway().isPresent() ? same.throughGateway(arena.gateway) : same;
    }

    /** What an attempt came to, and why where that is not known. */
    private record Tried(Outcome outcome, String detail) {}

    private static Tried tried(Attack attack) {
        try {
            return new Tried(attack.attempt().getsThrough() ? Outcome.OPEN : Outcome.CLOSED, "");
        } catch (Exception e) {
            if (e instanceof InterruptedException) {
                Thread.currentThread().interrupt();
            }
            return new Tried(Outcome.UNKNOWN, String.valueOf(e.getMessage()).split("\n", 2)[0]);
        }
    }

    private static Map<Attack, Tried> all(List<Attack> attacks) {
        Map<Attack, Tried> outcomes = new LinkedHashMap<>();
        List<Tried> tried = attacks.parallelStream().map(RedTeam::tried).toList();
        for (int i = 0; i < attacks.size(); i++) {
            outcomes.put(attacks.get(i), tried.get(i));
        }
        return outcomes;
    }

    private static List<Row> rows(Map<Attack, Tried> before, Map<Attack, Tried> after) {
        List<Row> rows = new ArrayList<>();
        before.forEach((attack, first) -> {
            Tried second = after.getOrDefault(attack, new Tried(Outcome.UNKNOWN, "not tried again"));
            rows.add(new Row(
                    attack.bypass(),
                    attack.what(),
                    attack.needs(),
                    first.outcome(),
                    second.outcome(),
                    first.detail().isEmpty() ? second.detail() : first.detail()));
        });
        return rows;
    }
}
