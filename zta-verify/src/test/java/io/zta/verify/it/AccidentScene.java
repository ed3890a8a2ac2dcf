package io.zta.verify.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.zta.Posture;
import io.zta.ZeroTrust;
import io.zta.compile.Compiled;
import io.zta.intent.Phase;
import io.zta.verify.apply.Applier;
import io.zta.verify.apply.ApplyException;
import io.zta.verify.apply.ApplySeam;
import io.zta.verify.apply.Plan;
import io.zta.verify.apply.PlanOptions;
import io.zta.verify.apply.Planner;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/** A scene with clients outside the mesh, in which accidents are made to happen. */
final class AccidentScene implements AutoCloseable {
    /** How a plan is formed with what its caller decided. */
    interface Planning {
        Plan with(PlanOptions options);
    }

    final Scene scene;
    final KubernetesClient admin;
    final String namespace;
    final String outside;

    AccidentScene(String prefix, String... clients) {
        scene = new Scene(prefix);
        admin = scene.admin;
        namespace = scene.namespace;
        outside = scene.outside;
        for (String name : clients) {
            scene.create("""
                    apiVersion: v1
                    kind: Pod
                    metadata: {name: %1$s, namespace: %2$s, labels: {app: %1$s}}
                    spec:
                      terminationGracePeriodSeconds: 1
                      containers:
                      - name: app
                        image: zta.test/agnhost:1
                        imagePullPolicy: Never
                        command: [agnhost, netexec, --http-port=8080]
                        env: [{name: ORDERS_URL, value: "http://orders.%3$s/api"}]
                        ports: [{containerPort: 8080}]
                        readinessProbe: {httpGet: {path: /hostname, port: 8080}, periodSeconds: 1}
                    """.formatted(name, outside, namespace));
        }
        for (String name : clients) {
            scene.awaitReady(outside, "app=" + name);
        }
    }

    @Override
    public void close() {
        for (String where : List.of(namespace, outside)) {
            try {
                for (int run = 0; run < 4; run++) {
                    applier().rollback(ZeroTrust.namespace(where).denyDirectAccess());
                }
            } catch (ApplyException e) {
                // Nothing is left to roll back.
            }
            Leftovers.remove(admin, where);
        }
        scene.close();
    }

    Applier applier() {
        return applier(admin);
    }

    Applier applier(KubernetesClient client) {
        return Applier.with(client)
                .withPatience(Duration.ofMillis(500), Duration.ofSeconds(20))
                .withLease(namespace, Duration.ofSeconds(10));
    }

    Planning planning(Posture posture) {
        return options -> Planner.plan(posture, admin, options);
    }

    /** Plans objects that no posture would ask for. */
    Planning planning(Posture posture, Compiled... objects) {
        return options -> ApplySeam.plan(posture, List.of(objects), admin, options);
    }

    /** An object of a phase; NS is the scene's namespace, OUT the one beside it. */
    Compiled compiled(Phase phase, boolean restricts, String yaml) {
        return new Compiled(object(yaml), phase, restricts);
    }

    HasMetadata object(String yaml) {
        return Serialization.unmarshal(yaml.replace("NS", namespace).replace("OUT", outside));
    }

    /** Writes it as it stands, past all gates. */
    void write(Compiled compiled) {
        admin.resource(compiled.object()).forceConflicts().serverSideApply();
    }

    void delete(Compiled... compiled) {
        for (Compiled each : compiled) {
            admin.resource(each.object()).delete();
        }
    }

    /** Whether that client gets an answer from orders, which it looks up by name. */
    boolean served(String client) {
        return answered(client, "orders." + namespace);
    }

    /** Whether that client gets an answer from orders at a host or address. */
    boolean answered(String client, String host) {
        String address = scene.pod(outside, "app=" + client).getStatus().getPodIP();
        String request = "GET /dial?host=" + host
                + "&port=80&protocol=http&tries=1&request=hostname HTTP/1.1\r\nHost: client\r\nConnection: close\r\n\r\n";
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(address, 8080), 3000);
            socket.setSoTimeout(8000); // a name that nobody answers for is tried for longer
            socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1)
                    .contains("\"responses\":[\"orders-");
        } catch (SocketTimeoutException e) {
            return false;
        } catch (IOException e) {
            throw new AssertionError("the pod " + client + " does not answer the node", e);
        }
    }

    /** Whether the API server takes that object; only asked, not written. */
    boolean takes(KubernetesClient as, String yaml) {
        HasMetadata object = object(yaml);
        try {
            as.resource(object).dryRun().create();
            return true;
        } catch (KubernetesClientException e) {
            assertThat(e.getStatus()).as("an answer of the API server: %s", e).isNotNull();
            return false;
        }
    }

    /** Whether a member of a group gets into orders. */
    boolean enters(String user, String... groups) {
        String pod = scene.pod(namespace, "app=orders").getMetadata().getName();
        try (KubernetesClient client = LiveCluster.as(user, groups)) {
            return Scene.exec(client, namespace, pod, "app", "echo", "inside").contains("inside");
        } catch (KubernetesClientException e) {
            return false;
        }
    }

    /** The gate names the accident, with that evidence, and apply writes nothing. */
    Plan stopped(Planning planning, Map<String, String> evidence) {
        Plan plan = planning.with(PlanOptions.none());
        evidence.forEach((gate, line) -> {
            assertThat(plan.gate(gate).refused()).as(plan.toText()).isTrue();
            assertThat(plan.gate(gate).evidence().toString()).contains(line);
        });
        ApplyException refused =
                catchThrowableOfType(ApplyException.class, () -> applier().apply(plan));
        assertThat(refused.reason()).isEqualTo(ApplyException.Reason.GATE);
        assertThat(planning.with(PlanOptions.none()).changes())
                .as("nothing was written")
                .hasSameSizeAs(plan.changes());
        return plan;
    }

    /**
     * The gates name the accident; with them, and those that other tests of the same cluster concern, overridden it happens;
     * rolled back it is over.
     *
     * @param meanwhile is true while the accident lasts: it is this accident and no other
     */
    void accident(
            Posture posture,
            Planning planning,
            Map<String, String> evidence,
            String what,
            Supplier<Boolean> works,
            Supplier<Boolean> meanwhile) {
        Scene.await("before: " + what, works);
        stopped(planning, evidence);
        assertThat(works.get()).as("stopped by the gate: " + what).isTrue();

        PlanOptions overridden = PlanOptions.none().overriding("APPLY-16").overriding("APPLY-19");
        for (String gate : evidence.keySet()) {
            overridden = overridden.overriding(gate);
        }
        Plan plan = planning.with(overridden);
        assertThat(plan.refused()).as(plan.toText()).isEmpty();
        try {
            applier().apply(plan);
            Scene.await("the accident: no more " + what, Duration.ofSeconds(30), () -> !works.get());
            assertThat(meanwhile.get()).as("meanwhile").isTrue();
        } finally {
            applier().rollback(posture);
        }
        Scene.await("after: " + what, works);
    }

    void accident(
            Posture posture, Planning planning, Map<String, String> evidence, String what, Supplier<Boolean> works) {
        accident(posture, planning, evidence, what, works, () -> true);
        assertThat(policies()).as("what was rolled back leaves nothing").isEmpty();
    }

    List<String> policies() {
        return admin.network().v1().networkPolicies().inNamespace(namespace).list().getItems().stream()
                .map(policy -> policy.getMetadata().getName())
                .sorted()
                .toList();
    }

    /** What fails of something that goes on all the time while something else is done. */
    List<String> failuresWhile(Supplier<Boolean> works, Runnable done) {
        List<String> failures = new ArrayList<>();
        AtomicBoolean stop = new AtomicBoolean();
        int[] asked = {0};
        Thread customer = new Thread(() -> {
            while (!stop.get()) {
                asked[0]++;
                if (!works.get()) {
                    failures.add("request " + asked[0]);
                }
            }
        });
        customer.start();
        try {
            done.run();
        } finally {
            stop.set(true);
            try {
                customer.join(30_000);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        assertThat(asked[0]).as("requests meanwhile").isGreaterThan(5);
        return failures;
    }
}
