package io.zta.verify.probe;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.zta.Posture;
import io.zta.intent.Gateway;
import io.zta.intent.Intent;
import io.zta.intent.Subject;
import io.zta.verify.probe.Ground.NoPod;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Tests a posture on a living cluster. Start here. */
public final class Prober {
    private static final String LOCALHOST =
            "\"curl localhost\" inside a pod can't be stopped by any NetworkPolicy, which never sees loopback: that nobody"
                    + " may get into the container is what stops it, and what test 2 tries";

    private Prober() {}

    /** A posture that can't be probed as asked; the message says what to change. */
    public static final class ProbeSetupException extends RuntimeException {
        private static final long serialVersionUID = 1;

        ProbeSetupException(String message) {
            super(message);
        }
    }

    /**
     * Runs the tests. Creates Jobs in the namespaces that {@link #listing} names, and deletes them; makes requests in the
     * name of the posture's subjects to pods that don't exist. Changes no workload.
     *
     * @param client a client with the rights of {@link ProbeRole}
     * @return every attempt with what it came to; a test that could not run is inconclusive, with the reason
     * @throws ProbeSetupException if strangers would run in a protected namespace
     */
    public static ProbeReport probe(Posture posture, KubernetesClient client, Options options) {
        checked(posture, options);
        String marker = options.marker().orElseGet(Prober::randomMarker);
        List<Check> checks = new ArrayList<>();
        List<String> notes = new ArrayList<>();
        List<Target> targets = Target.find(posture, client);
        if (targets.isEmpty()) {
            notes.add("no running pod of " + posture.namespaces()
                    + " has a port that is declared, served or named by the posture: nothing could be connected to");
        }
        try (Ground ground = new Ground(client, options, marker)) {
            if (runs(options, 1) && posture.asks(Intent.DenyDirectAccess.class)) {
                notes.add(LOCALHOST);
                guarded(checks, 1, () -> NetworkTest.run(posture, options, ground, targets));
                if (targets.isEmpty()) {
                    checks.add(vacuous(1));
                }
            }
            if (runs(options, 2)) {
                checks.addAll(ApiTest.run(posture, client, targets, marker));
            }
            if (runs(options, 3) && posture.asks(Intent.StrictMtls.class)) {
                mesh(posture, options, ground, targets, checks);
            }
            if (runs(options, 4) && posture.gateway().isPresent()) {
                guarded(
                        checks,
                        4,
                        () -> GatewayTest.run(posture, posture.gateway().get(), client, options, ground));
            }
            if (runs(options, 5) && posture.asks(Intent.Audit.class)) {
                checks.addAll(AuditTest.run(posture, client, options, marker));
            }
        }
        checks.sort(Comparator.comparingInt(Check::test));
        return new ProbeReport(posture, marker, checks, notes, List.of());
    }

    private static void mesh(
            Posture posture, Options options, Ground ground, List<Target> targets, List<Check> checks) {
        Optional<Gateway> gateway = posture.gateway();
        if (gateway.isEmpty() || !options.gatewayDouble()) {
            checks.add(
                    new Check(
                            3,
                            "mesh/source",
                            "plaintext from a pod that network policies let in",
                            Answer.DENIED,
                            Answer.INCONCLUSIVE,
                            "no pod may stand beside the gateway, so no network policy lets a probe in for the mesh to refuse"));
        } else if (targets.isEmpty()) {
            checks.add(vacuous(3));
        } else {
            guarded(checks, 3, () -> MeshTest.run(gateway.get(), ground, targets));
        }
    }

    private static Check vacuous(int test) {
        return new Check(
                test,
                "targets",
                "there is something to connect to",
                Answer.ALLOWED,
                Answer.INCONCLUSIVE,
                "no protected pod is running, so nothing was tested");
    }

    private interface Run {
        List<Check> checks() throws NoPod;
    }

    private static void guarded(List<Check> checks, int test, Run run) {
        try {
            checks.addAll(run.checks());
        } catch (NoPod e) {
            checks.add(new Check(
                    test,
                    "test-" + test,
                    "the probe pods of test " + test + " run",
                    Answer.ALLOWED,
                    Answer.INCONCLUSIVE,
                    e.why()));
        }
    }

    private static boolean runs(Options options, int test) {
        return options.tests().contains(test);
    }

    private static void checked(Posture posture, Options options) {
        if (posture.namespaces().contains(options.namespace())) {
            throw new ProbeSetupException("Strangers can't run in namespace " + options.namespace()
                    + ", which the posture protects. Name another existing namespace with --namespace.");
        }
    }

    /** Sixteen hexadecimal digits. */
    static String randomMarker() {
        byte[] bytes = new byte[5];
        new SecureRandom().nextBytes(bytes);
        return java.util.HexFormat.of().formatHex(bytes);
    }

    /**
     * What {@link #probe} would do, one sentence each. Reads nothing, writes nothing.
     *
     * @throws ProbeSetupException if strangers would run in a protected namespace
     */
    public static List<String> listing(Posture posture, Options options) {
        checked(posture, options);
        List<String> steps = new ArrayList<>();
        String limit = options.timeLimit().toSeconds() + " s";
        if (runs(options, 1) && posture.asks(Intent.DenyDirectAccess.class)) {
            steps.add("Test 1: two listeners in namespace " + options.namespace()
                    + ", one behind a NetworkPolicy of its own that denies everything");
            NetworkTest.sources(posture, options)
                    .forEach((source, who) ->
                            steps.add("Test 1: " + who + " opens TCP connections to every port of one pod"
                                    + " of each protected workload, and to the sidecars' ports; says nothing on them"));
            NetworkTest.control(posture, options)
                    .ifPresent(source -> steps.add("Test 1: a pod in " + source.namespace() + " with the labels "
                            + source.labels() + ", never ready, opens the same connections: the positive control"));
        }
        if (runs(options, 2)) {
            for (Subject subject : posture.noExec()) {
                steps.add("Test 2: in the name of " + subject + ", " + ApiEntry.ALL.size()
                        + " requests to enter a pod that does not exist, a dry run of an ephemeral container, and access"
                        + " reviews, in each of " + posture.namespaces());
            }
        }
        if (runs(options, 3) && posture.asks(Intent.StrictMtls.class) && options.gatewayDouble()) {
            posture.gateway()
                    .ifPresent(gateway -> steps.add("Test 3: two pods in " + gateway.namespace()
                            + " with the gateway's labels, never ready, one with a sidecar, send GET / to every protected"
                            + " port, in plaintext and by mTLS under the namespace's default service account"));
        }
        if (runs(options, 4) && posture.gateway().isPresent()) {
            steps.add("Test 4: a pod in " + options.namespace() + " sends GET " + options.path() + " to the gateway "
                    + posture.gateway().get() + " without a token" + tokens(options.tokens()));
        }
        if (runs(options, 5) && posture.asks(Intent.Audit.class)) {
            steps.add("Test 5: " + ApiEntry.ALL.size() + " further requests under marked names, looked for in "
                    + options.auditLog().map(Object::toString).orElse("the log of the API server's pod"));
        }
        steps.add("Afterwards: all of it is deleted; whatever is left ends after " + limit
                + " and is deleted by the cluster a minute later");
        return steps;
    }

    private static String tokens(Options.Tokens tokens) {
        StringBuilder out = new StringBuilder();
        tokens.valid().ifPresent(any -> out.append(", with a valid one"));
        tokens.expired().ifPresent(any -> out.append(", with an expired one"));
        tokens.foreign().ifPresent(any -> out.append(", with one of another issuer"));
        return out + (out.isEmpty() ? "" : " (kept in a Secret for as long)");
    }
}
