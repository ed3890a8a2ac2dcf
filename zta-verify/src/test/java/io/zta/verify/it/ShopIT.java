package io.zta.verify.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.zta.Posture;
import io.zta.ZeroTrust;
import io.zta.intent.Phase;
import io.zta.intent.Workload;
import io.zta.verify.apply.Applied;
import io.zta.verify.apply.Applier;
import io.zta.verify.apply.Plan;
import io.zta.verify.apply.PlanOptions;
import io.zta.verify.apply.Planner;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A running shop behind the gateway, through phases 1 to 4 and back, while a client makes requests: none fails. */
class ShopIT {
    private static KubernetesClient client;
    private static String namespace;
    private static String monitoring;

    /** Pods of a Deployment each: what is asked of them, and what of each sidecar. */
    private static String pods(String name, String labels, String probe, String args) {
        return """
                apiVersion: apps/v1
                kind: Deployment
                metadata: {name: %1$s}
                spec:
                  replicas: 1
                  selector: {matchLabels: {app: %1$s}}
                  template:
                    metadata: {labels: {app: %1$s, %2$s}}
                    spec:
                      terminationGracePeriodSeconds: 1
                      containers:
                      - name: app
                        image: zta.test/agnhost:1
                        imagePullPolicy: Never
                        args: [%4$s]
                        ports: [{containerPort: 8080}]
                        readinessProbe: {%3$s, periodSeconds: 2}
                        volumeMounts: [{name: certificate, mountPath: /certificate}]
                      volumes: [{name: certificate, secret: {secretName: policy, optional: true}}]
                """.formatted(name, labels, probe, args);
    }

    @BeforeAll
    static void shop() throws Exception {
        client = LiveCluster.admin();
        namespace = LiveCluster.scratchNamespace(client, "zta-shop", Map.of("istio-injection", "enabled"));
        monitoring = LiveCluster.scratchNamespace(client, "zta-shop-mon", Map.of("istio-injection", "enabled"));
        ServingCertificate certificate = ServingCertificate.of("policy." + namespace + ".svc");
        String http = "httpGet: {path: /hostname, port: 8080}";
        String yaml = String.join(
                "---\n",
                pods("web", "shop: served", http, "netexec, --http-port=8080"),
                pods("orders", "shop: served", http, "netexec, --http-port=8080"),
                pods(
                        "policy",
                        "sidecar.istio.io/inject: \"false\"",
                        "tcpSocket: {port: 8443}",
                        "webhook, --port=8443, --tls-cert-file=/certificate/tls.crt, --tls-private-key-file=/certificate/tls.key"),
                """
                apiVersion: v1
                kind: Secret
                metadata: {name: policy}
                data: {tls.crt: "%2$s", tls.key: "%3$s"}
                ---
                apiVersion: v1
                kind: Service
                metadata: {name: web}
                spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}]}
                ---
                apiVersion: v1
                kind: Service
                metadata: {name: orders}
                spec: {selector: {app: orders}, ports: [{name: http, port: 80, targetPort: 8080}]}
                ---
                apiVersion: v1
                kind: Service
                metadata: {name: policy}
                spec: {selector: {app: policy}, ports: [{name: https, port: 443, targetPort: 8443}]}
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
                """.formatted(namespace, certificate.certificate(), certificate.key()));
        load(namespace, yaml);
        load(monitoring, pods("scraper", "role: scraper", http, "netexec, --http-port=8080"));
        for (String name : List.of("web", "orders", "policy")) {
            client.apps().deployments().inNamespace(namespace).withName(name).waitUntilReady(90, TimeUnit.SECONDS);
        }
        client.apps().deployments().inNamespace(monitoring).withName("scraper").waitUntilReady(90, TimeUnit.SECONDS);
        load(namespace, """
                apiVersion: admissionregistration.k8s.io/v1
                kind: ValidatingWebhookConfiguration
                metadata: {name: %1$s}
                webhooks:
                - name: policy.zta.test
                  clientConfig: {service: {name: policy, namespace: %1$s, path: /configmaps}, caBundle: "%3$s"}
                  admissionReviewVersions: [v1]
                  sideEffects: None
                  failurePolicy: Fail
                  timeoutSeconds: 3
                  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: %2$s}}
                  rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [configmaps]}]
                """.formatted(namespace, monitoring, certificate.certificate()));
    }

    private static void load(String where, String yaml) {
        client.load(new ByteArrayInputStream(yaml.getBytes(StandardCharsets.UTF_8)))
                .inNamespace(where)
                .serverSideApply();
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
        client.admissionRegistration()
                .v1()
                .validatingWebhookConfigurations()
                .withName(namespace)
                .delete();
        Leftovers.remove(client, monitoring);
        Leftovers.remove(client, namespace);
        client.close();
    }

    private static Posture posture() {
        return ZeroTrust.namespace(namespace)
                .onlyWorkloads(Workload.labelled("shop", "served"))
                .denyDirectAccess()
                .allowFrom(Workload.labelled("app", "web"))
                .to(Workload.labelled("app", "orders"))
                .onPort(8080)
                .allowFrom(Workload.labelled("app", "scraper").in(monitoring))
                .onPort(8080)
                .strictMtls()
                .noExecFor("developers-of-" + namespace)
                .audit();
    }

    private static Applier applier() {
        return Applier.with(client)
                .withPatience(Duration.ofMillis(1500), Duration.ofSeconds(30))
                .withLease(namespace, Duration.ofSeconds(10));
    }

    /**
     * Other tests bind whom they like on the same cluster while this one runs: those gates are theirs. That the scraper does
     * not read the sidecars' own metrics is given up by name.
     */
    private static PlanOptions options() {
        PlanOptions options =
                PlanOptions.none().overriding("APPLY-10").overriding("APPLY-19").overriding("APPLY-22");
        for (String target : List.of("web", "orders")) {
            options = options.givingUp("%s/scraper[Deployment] -> %s/%s[Deployment] TCP 15020,15090"
                    .formatted(monitoring, namespace, target));
        }
        return options;
    }

    /** Asks over plain HTTP, and gives the answer whole, or what went wrong. */
    private static String ask(String address, String host, String path) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(address, 8080), 5000);
            socket.setSoTimeout(8000);
            socket.getOutputStream()
                    .write(("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return e.toString();
        }
    }

    /** What a shop lives on: each gives an empty text where it worked. */
    private static Map<String, Supplier<String>> business() {
        String gateway = ip("istio-system", "istio-ingressgateway");
        String scraper = ip(monitoring, "scraper");
        String host = namespace + ".test";
        Map<String, Supplier<String>> business = new LinkedHashMap<>();
        business.put("a page through the gateway", () -> {
            String answer = ask(gateway, host, "/hostname");
            return answer.startsWith("HTTP/1.1 200") ? "" : answer;
        });
        business.put("an order: web finds orders by name and asks it", () -> {
            String answer = ask(gateway, host, dial("orders", "hostname"));
            return answer.contains("\"responses\":[\"orders-") ? "" : answer;
        });
        business.put("a scrape from another namespace", () -> {
            String answer = ask(scraper, "scraper", dial("web." + namespace, "hostname"));
            return answer.contains("\"responses\":[\"web-") ? "" : answer;
        });
        business.put("a write that the webhook in the shop's namespace judges", () -> {
            try {
                client.resource(new ConfigMapBuilder()
                                .withNewMetadata()
                                .withName("judged")
                                .withNamespace(monitoring)
                                .endMetadata()
                                .build())
                        .dryRun()
                        .create();
                return "";
            } catch (KubernetesClientException e) {
                return e.toString();
            }
        });
        return business;
    }

    private static String dial(String host, String request) {
        return "/dial?host=" + host + "&port=80&protocol=http&tries=1&request=" + request;
    }

    private static String ip(String where, String app) {
        return client.pods()
                .inNamespace(where)
                .withLabel("app", app)
                .list()
                .getItems()
                .get(0)
                .getStatus()
                .getPodIP();
    }

    @Test
    void a_running_shop_goes_through_phases_1_to_4_and_back_without_a_failed_request() throws Exception {
        boolean byPlugin = client.pods().inNamespace(namespace).withLabel("app", "web").list().getItems().stream()
                .flatMap(pod -> pod.getSpec().getInitContainers().stream())
                .noneMatch(container -> container.getName().equals("istio-init"));
        System.out.println("ShopIT: traffic is captured by " + (byPlugin ? "Istio's CNI plugin" : "istio-init"));
        if ("plugin".equals(System.getProperty("zta.capture"))) {
            assertThat(byPlugin)
                    .as("the cluster has Istio's CNI plugin, as was said")
                    .isTrue();
        }
        Map<String, Supplier<String>> business = business();
        long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        Map<String, String> broken = new TreeMap<>();
        int good = 0;
        while (good < 5 && System.nanoTime() < deadline) {
            broken.clear();
            business.forEach((what, asked) -> Optional.of(asked.get())
                    .filter(wrong -> !wrong.isEmpty())
                    .ifPresent(wrong -> broken.put(what, wrong)));
            good = broken.isEmpty() ? good + 1 : 0;
            Thread.sleep(200);
        }
        assertThat(broken).as("the shop works before anything is applied").isEmpty();
        assertThat(good).isEqualTo(5);

        AtomicBoolean stop = new AtomicBoolean();
        Map<String, AtomicInteger> asked = new TreeMap<>();
        List<String> failed = Collections.synchronizedList(new ArrayList<>());
        List<Thread> customers = new ArrayList<>();
        business.forEach((what, deed) -> {
            AtomicInteger count = new AtomicInteger();
            asked.put(what, count);
            customers.add(new Thread(() -> {
                while (!stop.get()) {
                    String wrong = deed.get();
                    if (!wrong.isEmpty()) {
                        failed.add(what + ", time " + count.get() + ": " + wrong);
                    }
                    count.incrementAndGet();
                }
            }));
        });
        customers.forEach(Thread::start);
        List<Phase> way = List.of(
                Phase.NETWORK, Phase.MESH, Phase.API, Phase.AUDIT, Phase.API, Phase.MESH, Phase.NETWORK, Phase.OBSERVE);
        try {
            for (Phase phase : way) {
                Plan plan = Planner.plan(posture().upTo(phase), client, options());
                assertThat(plan.refused()).as(plan.toText()).isEmpty();
                Applied applied = applier().apply(plan);
                assertThat(applied.phase()).isEqualTo(phase);
                assertThat(failed)
                        .as("after phase " + phase + " (" + applied.steps() + ")")
                        .isEmpty();
                if (phase == Phase.AUDIT) {
                    assertThat(Planner.plan(posture(), client, options()).isEmpty())
                            .isTrue();
                }
            }
        } finally {
            stop.set(true);
            for (Thread customer : customers) {
                customer.join(10_000);
            }
        }
        assertThat(failed).isEmpty();
        System.out.println("ShopIT: " + asked);
        assertThat(asked).allSatisfy((what, count) -> assertThat(count.get()).isGreaterThan(100));
        // The kubelet's probes got through as well: nothing was ever restarted or taken out of service.
        assertThat(client.pods().inNamespace(namespace).list().getItems())
                .allSatisfy(pod -> assertThat(pod.getStatus().getContainerStatuses())
                        .allSatisfy(status -> {
                            assertThat(status.getRestartCount()).isZero();
                            assertThat(status.getReady()).isTrue();
                        }));
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
