package io.zta.verify.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.zta.Posture;
import io.zta.ZeroTrust;
import io.zta.intent.Phase;
import io.zta.verify.apply.Applied;
import io.zta.verify.apply.Applier;
import io.zta.verify.apply.Plan;
import io.zta.verify.apply.PlanOptions;
import io.zta.verify.apply.Planner;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A running shop behind the gateway, through phases 1 to 4 and back, while a client makes requests: none fails. */
class ShopIT {
    private static KubernetesClient client;
    private static String namespace;

    @BeforeAll
    static void shop() {
        client = LiveCluster.admin();
        namespace = LiveCluster.scratchNamespace(client, "zta-shop", Map.of("istio-injection", "enabled"));
        String yaml = """
                apiVersion: apps/v1
                kind: Deployment
                metadata: {name: web}
                spec:
                  replicas: 1
                  selector: {matchLabels: {app: web}}
                  template:
                    metadata: {labels: {app: web}}
                    spec:
                      terminationGracePeriodSeconds: 1
                      containers:
                      - name: app
                        image: zta.test/agnhost:1
                        imagePullPolicy: Never
                        args: [netexec, --http-port=8080]
                        ports: [{containerPort: 8080}]
                        readinessProbe: {httpGet: {path: /hostname, port: 8080}, periodSeconds: 2}
                ---
                apiVersion: v1
                kind: Service
                metadata: {name: web}
                spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}]}
                ---
                apiVersion: networking.istio.io/v1
                kind: Gateway
                metadata: {name: shop}
                spec:
                  selector: {istio: ingressgateway}
                  servers: [{port: {number: 8080, name: http, protocol: HTTP}, hosts: ["%1$s.test"]}]
                ---
                apiVersion: networking.istio.io/v1
                kind: VirtualService
                metadata: {name: shop}
                spec:
                  hosts: ["%1$s.test"]
                  gateways: [shop]
                  http: [{route: [{destination: {host: "web.%1$s.svc.cluster.local", port: {number: 80}}}]}]
                """.formatted(namespace);
        client.load(new java.io.ByteArrayInputStream(yaml.getBytes(StandardCharsets.UTF_8)))
                .inNamespace(namespace)
                .serverSideApply();
        client.apps().deployments().inNamespace(namespace).withName("web").waitUntilReady(90, TimeUnit.SECONDS);
    }

    @AfterAll
    static void away() {
        Posture posture = posture();
        try {
            // Whatever failed above: cluster-scoped objects of the posture go by the inventory as well.
            for (int run = 0; run < 6; run++) {
                applier().rollback(posture);
            }
        } catch (RuntimeException e) {
            // Nothing is left to roll back.
        }
        Leftovers.remove(client, namespace);
        client.close();
    }

    private static Posture posture() {
        return ZeroTrust.namespace(namespace)
                .denyDirectAccess()
                .strictMtls()
                .noExecFor("developers-of-" + namespace)
                .audit();
    }

    private static Applier applier() {
        return Applier.with(client)
                .withPatience(Duration.ofMillis(1500), Duration.ofSeconds(30))
                .withLease(namespace, Duration.ofSeconds(10));
    }

    /** Other tests bind whom they like on the same cluster while this one runs: those gates are theirs. */
    private static final PlanOptions SHARED =
            PlanOptions.none().overriding("APPLY-10").overriding("APPLY-19").overriding("APPLY-22");

    private static String request(String gateway) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(gateway, 8080), 5000);
            socket.setSoTimeout(5000);
            socket.getOutputStream()
                    .write(("GET /hostname HTTP/1.1\r\nHost: " + namespace + ".test\r\nConnection: close\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
            return answer.split("\r\n", 2)[0];
        } catch (IOException e) {
            return e.toString();
        }
    }

    @Test
    void a_running_shop_goes_through_phases_1_to_4_and_back_without_a_failed_request() throws Exception {
        String gateway = client.pods()
                .inNamespace("istio-system")
                .withLabel("app", "istio-ingressgateway")
                .list()
                .getItems()
                .get(0)
                .getStatus()
                .getPodIP();
        long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        int good = 0;
        while (good < 5 && System.nanoTime() < deadline) {
            good = request(gateway).contains(" 200") ? good + 1 : 0;
            Thread.sleep(200);
        }
        assertThat(good)
                .as("the shop answers before anything is applied: " + request(gateway))
                .isEqualTo(5);

        AtomicBoolean stop = new AtomicBoolean();
        AtomicInteger asked = new AtomicInteger();
        List<String> failed = Collections.synchronizedList(new ArrayList<>());
        Thread shopper = new Thread(() -> {
            while (!stop.get()) {
                asked.incrementAndGet();
                String answer = request(gateway);
                if (!answer.contains(" 200")) {
                    failed.add("request " + asked.get() + ": " + answer);
                }
            }
        });
        shopper.start();
        List<Phase> way = List.of(
                Phase.NETWORK, Phase.MESH, Phase.API, Phase.AUDIT, Phase.API, Phase.MESH, Phase.NETWORK, Phase.OBSERVE);
        try {
            for (Phase phase : way) {
                Plan plan = Planner.plan(posture().upTo(phase), client, SHARED);
                assertThat(plan.refused()).as(plan.toText()).isEmpty();
                Applied applied = applier().apply(plan);
                assertThat(applied.phase()).isEqualTo(phase);
                assertThat(failed)
                        .as("after phase " + phase + " (" + applied.steps() + ")")
                        .isEmpty();
                if (phase == Phase.AUDIT) {
                    assertThat(Planner.plan(posture(), client, SHARED).isEmpty())
                            .isTrue();
                }
            }
        } finally {
            stop.set(true);
            shopper.join(10_000);
        }
        assertThat(failed).isEmpty();
        assertThat(asked.get()).isGreaterThan(200);
        assertThat(client.network()
                        .v1()
                        .networkPolicies()
                        .inNamespace(namespace)
                        .list()
                        .getItems())
                .isEmpty();
        assertThat(client.admissionRegistration().v1().validatingAdmissionPolicies().list().getItems().stream()
                        .filter(policy -> policy.getMetadata().getName().endsWith(namespace)))
                .isEmpty();
    }
}
