package io.zta.verify.probe;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.zta.Posture;
import io.zta.ZeroTrust;
import io.zta.intent.Gateway;
import io.zta.intent.Intent;
import io.zta.intent.Subject;
import io.zta.verify.apply.BreakGlass;
import io.zta.verify.probe.RedTeamReport.Outcome;
import io.zta.verify.probe.RedTeamReport.Row;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Predicate;

/**
 * Attacks the protections of a posture for real, in scratch namespaces of its own: each attack is tried before the
 * posture's objects are there and after. Start here.
 */
public final class RedTeam {
    private static final Duration IN_FORCE = Duration.ofSeconds(90);

    private static final int AT_A_TIME = 16;
    private static final int AGAIN = 2;

    private final ExecutorService threads;

    private RedTeam(ExecutorService threads) {
        this.threads = threads;
    }

    /** What {@link #run} would make and try, one line each. */
    public static List<String> listing(Posture posture, Options options) {
        Gateway gateway = posture.gateway().orElseGet(Gateway::istio);
        List<String> lines = new ArrayList<>();
        lines.add("make namespaces zta-attack-RUN (meshed) and zta-attack-RUN-out with pods of image " + options.image()
                + ", one in the node's network, and for a moment a privileged one");
        lines.add("make in namespace " + gateway.namespace() + " a pod, a token Secret of account "
                + gateway.serviceAccount() + ", a Role and a RoleBinding, and in the cluster ClusterRoles, a"
                + " ClusterRoleBinding and an admission policy that nothing binds, for an account of RUN alone");
        lines.add("apply there what the posture protects with, and try before and after:");
        try (KubernetesClient none =
                        new KubernetesClientBuilder().withConfig(Config.empty()).build();
                Arena arena = new Arena(none, gateway, options, "RUN")) {
            Attacks.of(new Attacker(arena, none), Optional.empty())
                    .forEach(attack -> lines.add("  " + attack.bypass() + "  " + attack.what()
                            + (attack.needs().isEmpty() ? "" : ", with " + attack.needs())));
        }
        lines.add("delete all of it");
        return lines;
    }

    /** Puts in force what no client can: the audit policy, which is a file of the API server's. */
    @FunctionalInterface
    public interface ByHand {
        /** Does so for the posture of the scratch namespace, and comes back when it is in force. */
        void putInForce(Posture scratch) throws Exception;
    }

    /**
     * Tries every attack before and after. The posture's own namespaces are not touched.
     *
     * @param client an administrator's: it makes namespaces, grants and admission policies
     * @param options the image of the pods, and the time limit: after twice as long the cluster itself takes away what a
     *     killed run left
     * @throws Prober.ProbeSetupException if the scratch application does not come up
     */
    public static RedTeamReport run(Posture posture, KubernetesClient client, Options options) {
        return run(posture, client, options, Optional.empty());
    }

    /**
     * The same, with the audit policy changed as the posture comes, so that attempts to get in unseen are tried too.
     *
     * @throws Prober.ProbeSetupException also if it could not be changed
     */
    public static RedTeamReport run(Posture posture, KubernetesClient client, Options options, ByHand audit) {
        return run(posture, client, options, Optional.of(audit));
    }

    private static RedTeamReport run(
            Posture posture, KubernetesClient client, Options options, Optional<ByHand> audit) {
        String run = options.marker().orElseGet(Prober::randomMarker);
        ExecutorService threads = Executors.newFixedThreadPool(AT_A_TIME);
        try (Arena arena = new Arena(client, posture.gateway().orElseGet(Gateway::istio), options, run)) {
            arena.open();
            RedTeam team = new RedTeam(threads);
            Attacker attacker = new Attacker(arena, arena.attacker(""));
            List<Attack> attacks = Attacks.of(attacker, audit.map(any -> AuditLog.of(client, options)));
            List<Attack> uses = Attacks.uses(attacker);
            List<Attack> inForce = attacks.stream().filter(Attack::showsForce).toList();
            team.settle(uses, Outcome.OPEN, 1);
            team.settle(inForce, Outcome.OPEN, 1);
            Map<Attack, Tried> usesBefore = team.all(uses, use -> true);
            Map<Attack, Tried> before = team.all(attacks, attack -> true);
            Posture scratch = like(posture, arena);
            arena.apply(scratch.manifests().objects());
            if (audit.isPresent()) {
                byHand(audit.get(), scratch);
            }
            BreakGlass.of(scratch, client).reap(Clock.systemUTC());
            team.settle(inForce, Outcome.CLOSED, options.confirmations());
            Map<Attack, Tried> after =
                    team.all(attacks, attack -> !attack.trusted().isEmpty());
            Map<Attack, Tried> usesAfter = team.all(uses, use -> true);
            return RedTeamReport.of(run, rows(before, after), rows(usesBefore, usesAfter));
        } finally {
            threads.shutdownNow();
        }
    }

    private static void byHand(ByHand audit, Posture scratch) {
        try {
            audit.putInForce(scratch);
        } catch (Exception e) {
            if (e instanceof InterruptedException) {
                Thread.currentThread().interrupt();
            }
            throw new Prober.ProbeSetupException("the audit policy could not be put in force: " + e.getMessage());
        }
    }

    /** Waits, no longer than it may take, until all come to that outcome so many times in a row. */
    private void settle(List<Attack> attacks, Outcome outcome, int times) {
        int[] equal = {0};
        Arena.within(IN_FORCE, () -> {
            boolean all = all(attacks, attack -> false).values().stream().allMatch(tried -> tried.outcome() == outcome);
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
        } catch (Attack.NotHere e) {
            return new Tried(Outcome.NOT_TRIED, String.valueOf(e.getMessage()));
        } catch (Exception e) {
            if (e instanceof InterruptedException) {
                Thread.currentThread().interrupt();
            }
            return new Tried(Outcome.UNKNOWN, String.valueOf(e.getMessage()).split("\n", 2)[0]);
        }
    }

    /** The same, tried again where nothing is known, and where it should get through: once is enough. */
    private static Tried tried(Attack attack, boolean shouldOpen) {
        Tried last = tried(attack);
        for (int again = 0; again < AGAIN; again++) {
            if (last.outcome() == Outcome.UNKNOWN || shouldOpen && last.outcome() == Outcome.CLOSED) {
                last = tried(attack);
            }
        }
        return last;
    }

    private Map<Attack, Tried> all(List<Attack> attacks, Predicate<Attack> shouldOpen) {
        List<CompletableFuture<Tried>> tries = attacks.stream()
                .map(attack -> CompletableFuture.supplyAsync(() -> tried(attack, shouldOpen.test(attack)), threads))
                .toList();
        Map<Attack, Tried> outcomes = new LinkedHashMap<>();
        for (int i = 0; i < attacks.size(); i++) {
            outcomes.put(attacks.get(i), tries.get(i).join());
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
                    attack.trusted(),
                    first.outcome(),
                    second.outcome(),
                    first.detail().isEmpty() ? second.detail() : first.detail()));
        });
        return rows;
    }
}
