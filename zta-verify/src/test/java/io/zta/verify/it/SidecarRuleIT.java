package io.zta.verify.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.EphemeralContainer;
import io.fabric8.kubernetes.api.model.EphemeralContainerBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.SecurityContext;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.zta.ZeroTrust;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * The rule on pods in a real API server, behind the real injector: a pod that is injected as usual is admitted, and one that
 * opts out of its sidecar, of its capture or of its image is refused. Pods as the injector makes them with Istio's CNI
 * plugin are written out in a namespace that no injector serves.
 */
class SidecarRuleIT {
    private static final List<HasMetadata> APPLIED = new ArrayList<>();
    private static KubernetesClient admin;
    private static String namespace = "";
    private static String uninjected = "";

    private static final String POD = """
            apiVersion: v1
            kind: Pod
            metadata: {name: %s, namespace: %s, labels: {app: orders}}
            spec:
              terminationGracePeriodSeconds: 1
              containers:
              - name: app
                image: zta.test/agnhost:1
                imagePullPolicy: Never
                command: [agnhost, netexec, --http-port=8080, --udp-port=-1]
                ports: [{containerPort: 8080}]
            """;

    @BeforeAll
    static void apply() {
        admin = LiveCluster.admin();
        namespace = LiveCluster.scratchNamespace(admin, "podrule", Map.of("istio-injection", "enabled"));
        uninjected = LiveCluster.scratchNamespace(admin, "podrule-cni", Map.of("istio.io/rev", "served-by-nobody"));
        for (String name : List.of(namespace, uninjected)) {
            Scene.await(
                    "a service account",
                    () -> admin.serviceAccounts()
                                    .inNamespace(name)
                                    .withName("default")
                                    .get()
                            != null);
            ZeroTrust.namespace(name).strictMtls().manifests().objects().stream()
                    .filter(object -> object.getMetadata().getName().startsWith("zta-sidecar-"))
                    .forEach(object -> APPLIED.add(
                            admin.resource(object).fieldManager("zta-test").serverSideApply()));
            // At first the server refuses every pod: it has not read the rule's parameter yet.
            Scene.await("the rule in " + name, () -> {
                String words = refusal(opted(name));
                return !words.isEmpty() && !words.contains("no params found");
            });
        }
        assertThat(APPLIED).hasSize(4);
    }

    private static Pod opted(String inNamespace) {
        Pod pod = pod(inNamespace);
        pod.getMetadata().setLabels(Map.of("sidecar.istio.io/inject", "false"));
        return pod;
    }

    @AfterAll
    static void remove() {
        if (admin != null) {
            APPLIED.forEach(object -> admin.resource(object).delete());
            Stream.of(namespace, uninjected)
                    .filter(name -> !name.isEmpty())
                    .forEach(name ->
                            admin.namespaces().withName(name).withGracePeriod(0).delete());
            admin.close();
        }
    }

    private static Pod pod(String inNamespace) {
        return Serialization.unmarshal(POD.formatted("orders", inNamespace), Pod.class);
    }

    /** The server's words against a pod, empty where it would take it; nothing is created. */
    private static String refusal(Pod pod) {
        try {
            admin.resource(pod).dryRun(true).create();
            return "";
        } catch (KubernetesClientException e) {
            if (e.getCode() != 403 && e.getCode() != 422) {
                throw e;
            }
            return String.valueOf(e.getMessage());
        }
    }

    private static Map<String, Consumer<Pod>> annotations() {
        Map<String, Consumer<Pod>> cases = new LinkedHashMap<>();
        Map<String, String> annotations = new LinkedHashMap<>();
        annotations.put("sidecar.istio.io/inject", "false");
        annotations.put("traffic.sidecar.istio.io/excludeInboundPorts", "8080");
        annotations.put("traffic.sidecar.istio.io/includeInboundPorts", "");
        annotations.put("traffic.sidecar.istio.io/excludeInterfaces", "eth0");
        annotations.put("traffic.sidecar.istio.io/kubevirtInterfaces", "eth0");
        annotations.put("istio.io/reroute-virtual-interfaces", "eth0");
        annotations.put("sidecar.istio.io/interceptionMode", "NONE");
        annotations.put("inject.istio.io/templates", "grpc-agent");
        annotations.put("status.sidecar.istio.io/port", "8080");
        annotations.put("sidecar.istio.io/proxyImage", "zta.test/agnhost:1");
        annotations.put("proxy.istio.io/config", "{interceptionMode: NONE}");
        annotations.put("sidecar.istio.io/bootstrapOverride", "mine");
        annotations.forEach((key, value) -> cases.put(
                "annotation " + key + "=" + value, pod -> pod.getMetadata().setAnnotations(Map.of(key, value))));
        return cases;
    }

    private static Map<String, Consumer<Pod>> refused() {
        Map<String, Consumer<Pod>> cases = annotations();
        cases.put(
                "label sidecar.istio.io/inject=false",
                pod -> pod.getMetadata().setLabels(Map.of("sidecar.istio.io/inject", "false")));
        cases.put(
                "label security.istio.io/tlsMode=disabled",
                pod -> pod.getMetadata().setLabels(Map.of("security.istio.io/tlsMode", "disabled")));
        cases.put(
                "label istio.io/dataplane-mode=none",
                pod -> pod.getMetadata().setLabels(Map.of("istio.io/dataplane-mode", "none")));
        cases.put(
                "label gateway-name",
                pod -> pod.getMetadata().setLabels(Map.of("gateway.networking.k8s.io/gateway-name", "edge")));
        for (String name : List.of("istio-proxy", "istio-init")) {
            cases.put("a container of the user's own named " + name, pod -> add(pod, name));
        }
        cases.put("a false istio-proxy that brings the injector's mark", pod -> {
            pod.getMetadata().setLabels(Map.of("sidecar.istio.io/inject", "false"));
            pod.getMetadata().setAnnotations(Map.of("sidecar.istio.io/status", "{}"));
            add(pod, "istio-proxy");
        });
        for (String field : List.of(
                "env: [{name: ISTIO_BOOTSTRAP, value: /etc/own.json}]",
                "env: [{name: LD_PRELOAD, value: /own.so}]",
                "env: [{name: PROXY_CONFIG, value: 'customConfigFile: /etc/own.json'}]",
                "env: [{name: ISTIO_META_INTERCEPTION_MODE, value: NONE}]",
                "envFrom: [{configMapRef: {name: own}}]",
                "lifecycle: {postStart: {exec: {command: [sh, -c, exit]}}}",
                "livenessProbe: {exec: {command: [pkill, envoy]}}",
                "volumeMounts: [{name: own, mountPath: /usr/local/bin}]")) {
            // With the mark the injector takes the pod for its own, and leaves out proxy.istio.io/overrides.
            cases.put("an istio-proxy of the injector's image and a mark, with " + field, pod -> {
                pod.getMetadata().setAnnotations(Map.of("sidecar.istio.io/status", "{}"));
                pod.getSpec().setVolumes(List.of(Serialization.unmarshal("name: own\nemptyDir: {}", Volume.class)));
                pod.getSpec()
                        .getContainers()
                        .add(Serialization.unmarshal("name: istio-proxy\nimage: auto\n" + field, Container.class));
            });
        }
        cases.put("hostNetwork", pod -> pod.getSpec().setHostNetwork(true));
        cases.put("hostPID", pod -> pod.getSpec().setHostPID(true));
        cases.put("a privileged container", pod -> app(pod).setSecurityContext(security("privileged: true")));
        cases.put("NET_ADMIN", pod -> app(pod).setSecurityContext(security("capabilities: {add: [NET_ADMIN]}")));
        cases.put("user 1337", pod -> app(pod).setSecurityContext(security("runAsUser: 1337")));
        cases.put(
                "a probe by HTTP of another host",
                pod -> app(pod).setReadinessProbe(
                                Serialization.unmarshal("httpGet: {host: 10.0.0.1, port: 80}", Probe.class)));
        cases.put("a probe by TCP of another host, which the injector is told to leave", pod -> {
            pod.getMetadata().setAnnotations(Map.of("sidecar.istio.io/rewriteAppHTTPProbers", "false"));
            app(pod).setReadinessProbe(Serialization.unmarshal("tcpSocket: {host: 10.0.0.1, port: 80}", Probe.class));
        });
        return cases;
    }

    private static void add(Pod pod, String name) {
        Container container = Serialization.clone(app(pod));
        container.setName(name);
        container.setPorts(List.of());
        if (name.equals("istio-init")) {
            pod.getSpec().setInitContainers(List.of(container));
        } else {
            pod.getSpec().getContainers().add(container);
        }
    }

    private static Container app(Pod pod) {
        return pod.getSpec().getContainers().get(0);
    }

    private static SecurityContext security(String yaml) {
        return Serialization.unmarshal(yaml, SecurityContext.class);
    }

    @Test
    void a_pod_that_is_injected_as_usual_is_admitted() {
        assertThat(refusal(pod(namespace))).isEmpty();
        Pod scraped = pod(namespace);
        scraped.getMetadata().setAnnotations(Map.of("prometheus.io/scrape", "true", "prometheus.io/port", "8080"));
        assertThat(refusal(scraped)).isEmpty();
        Pod probed = pod(namespace);
        app(probed).setReadinessProbe(Serialization.unmarshal("httpGet: {path: /hostname, port: 8080}", Probe.class));
        assertThat(refusal(probed)).isEmpty();
    }

    @TestFactory
    Stream<DynamicTest> a_pod_that_gets_around_its_sidecar_is_refused() {
        return refused().entrySet().stream()
                .map(entry -> DynamicTest.dynamicTest(entry.getKey(), () -> {
                    Pod pod = pod(namespace);
                    entry.getValue().accept(pod);
                    assertThat(refusal(pod)).contains("ValidatingAdmissionPolicy 'zta-sidecar-");
                }));
    }

    @Test
    void the_images_of_a_running_pod_stay_and_debug_containers_stay_harmless() {
        Pod running = admin.resource(Serialization.unmarshal(POD.formatted("running", namespace), Pod.class))
                .create();
        try {
            assertThat(update(pod -> Stream.concat(
                                    pod.getSpec().getInitContainers().stream(), pod.getSpec().getContainers().stream())
                            .filter(container -> container.getName().equals("istio-proxy"))
                            .forEach(container -> container.setImage("zta.test/agnhost:1"))))
                    .contains("keep the injector's image");
            assertThat(update(pod -> pod.getMetadata().getLabels().put("security.istio.io/tlsMode", "disabled")))
                    .contains("no label takes the pod out");
            assertThat(update(pod -> pod.getMetadata().getLabels().put("version", "v2")))
                    .isEmpty();
            assertThat(debug(running, "privileged: true")).contains("no other container is privileged");
            assertThat(debug(running, "runAsUser: 1000")).isEmpty();
        } finally {
            admin.resource(running).withGracePeriod(0).delete();
        }
    }

    private static String update(Consumer<Pod> change) {
        return said(() -> {
            Pod current = Scene.pod(admin, namespace, "running");
            change.accept(current);
            admin.resource(current).dryRun(true).update();
        });
    }

    private static String debug(Pod running, String securityContext) {
        EphemeralContainer debugger = new EphemeralContainerBuilder()
                .withName("debug")
                .withImage("zta.test/agnhost:1")
                .withSecurityContext(security(securityContext))
                .build();
        return said(() -> admin.pods()
                .inNamespace(namespace)
                .withName(running.getMetadata().getName())
                .ephemeralContainers()
                .edit(pod -> {
                    pod.getSpec().getEphemeralContainers().add(debugger);
                    return pod;
                }));
    }

    private static String said(Runnable call) {
        for (int i = 0; ; i++) {
            try {
                call.run();
                return "";
            } catch (KubernetesClientException e) {
                if (e.getCode() == 409 && i < 5) {
                    continue; // the kubelet wrote the status meanwhile
                }
                if (e.getCode() != 403 && e.getCode() != 422) {
                    throw e;
                }
                return String.valueOf(e.getMessage());
            }
        }
    }

    /** A pod as the injector makes it where Istio's CNI plugin sets up the redirection. */
    private static Pod withPlugin() {
        Pod injected = admin.resource(pod(namespace)).dryRun(true).create();
        Pod pod = Serialization.clone(injected);
        pod.getMetadata().setNamespace(uninjected);
        pod.getMetadata().setUid(null);
        pod.getMetadata().setResourceVersion(null);
        pod.getMetadata().setCreationTimestamp(null);
        pod.getMetadata().setManagedFields(null);
        Container init = starter(pod, "istio-init");
        init.setName("istio-validation");
        List<String> arguments = new ArrayList<>(init.getArgs());
        arguments.add("--run-validation");
        arguments.add("--skip-rule-apply");
        init.setArgs(arguments);
        init.setSecurityContext(security("runAsUser: 1337\nrunAsGroup: 1337\ncapabilities: {drop: [ALL]}"));
        return pod;
    }

    private static Container starter(Pod pod, String name) {
        return pod.getSpec().getInitContainers().stream()
                .filter(container -> container.getName().equals(name))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void a_pod_as_the_plugin_needs_it_is_admitted() {
        assertThat(refusal(withPlugin())).isEmpty();
    }

    @Test
    void a_pod_for_the_plugin_that_leaves_something_out_is_refused() {
        Map<String, Consumer<Pod>> cases = new LinkedHashMap<>();
        cases.put(
                "nothing checks the redirection",
                pod -> pod.getSpec()
                        .getInitContainers()
                        .removeIf(container -> container.getName().equals("istio-validation")));
        cases.put(
                "no proxy",
                pod -> pod.getSpec()
                        .getInitContainers()
                        .removeIf(container -> container.getName().equals("istio-proxy")));
        cases.put("an excluded port", pod -> {
            Container validation = starter(pod, "istio-validation");
            validation.setArgs(validation.getArgs().stream()
                    .map(argument -> argument.startsWith("15090,") ? argument + ",8080" : argument)
                    .toList());
        });
        cases.put(
                "istio-init that sets up nothing",
                pod -> starter(pod, "istio-validation").setName("istio-init"));
        cases.put(
                "a proxy that does not start Envoy",
                pod -> starter(pod, "istio-proxy").getEnv().add(new EnvVar("DISABLE_ENVOY", "true", null)));
        cases.put("another image", pod -> starter(pod, "istio-validation").setImage("zta.test/agnhost:1"));
        cases.forEach((what, change) -> {
            Pod pod = withPlugin();
            change.accept(pod);
            assertThat(refusal(pod)).as(what).contains("ValidatingAdmissionPolicy 'zta-sidecar-");
        });
    }
}
