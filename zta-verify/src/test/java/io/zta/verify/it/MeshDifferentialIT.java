package io.zta.verify.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.GenericKubernetesResourceBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.LocalPortForward;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.zta.istio.Mesh;
import io.zta.istio.MeshVerdict;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Pod;
import io.zta.snapshot.Pods;
import io.zta.snapshot.Snapshot;
import io.zta.verify.it.MeshSets.Draft;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the evaluator says of a client is what a live sidecar answers it: generated PeerAuthentications,
 * RequestAuthentications and AuthorizationPolicies, and every mix of identity, token, port and request. The seed
 * ({@code -Dzta.mesh.seed}) and number of sets ({@code -Dzta.mesh.sets}) can be given.
 *
 * <p>Not tested: policies for the whole mesh (others share the cluster), EnvoyFilters and plugins (the evaluator does not judge
 * them), remote addresses.
 */
class MeshDifferentialIT {
    private static final Set<GroupKind> POLICIES =
            Set.of(GroupKind.PEER_AUTHENTICATION, GroupKind.REQUEST_AUTHENTICATION, GroupKind.AUTHORIZATION_POLICY);
    private static final String APP = """
            apiVersion: v1
            kind: Pod
            metadata: {name: target, namespace: NS, labels: {app: target, zta-differential: NS}}
            spec:
              terminationGracePeriodSeconds: 1
              containers:
              - {name: http, image: "IMAGE", imagePullPolicy: Never, command: [agnhost, netexec, --http-port=8080, --udp-port=-1], ports: [{containerPort: 8080}]}
              - {name: tcp, image: "IMAGE", imagePullPolicy: Never, command: [agnhost, netexec, --http-port=8081, --udp-port=-1], ports: [{containerPort: 8081}]}
              - {name: plain, image: "IMAGE", imagePullPolicy: Never, command: [agnhost, netexec, --http-port=8082, --udp-port=-1], ports: [{containerPort: 8082}]}
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: target, namespace: NS}
            spec:
              selector: {app: target}
              ports: [{name: http, port: 80, targetPort: 8080}, {name: tcp-raw, port: 81, targetPort: 8081}]
            """;

    private final KubernetesClient admin = LiveCluster.admin();
    private final List<HasMetadata> written = new ArrayList<>();
    private final HttpClient http = HttpClient.newHttpClient();
    private String namespace = "";
    private int markers;

    @TempDir
    private Path directory = Path.of("");

    @AfterEach
    void remove() {
        clear();
        if (!namespace.isEmpty()) {
            admin.namespaces().withName(namespace).withGracePeriod(0).delete();
        }
        admin.close();
    }

    private void clear() {
        written.forEach(object -> admin.resource(object).delete());
        written.clear();
    }

    @Test
    void the_sidecar_answers_as_the_evaluator_says() throws Exception {
        long seed = Long.getLong("zta.mesh.seed", 20_251_214L);
        int sets = Integer.getInteger("zta.mesh.sets", 48);
        System.out.println("mesh differential: seed " + seed + ", " + sets + " sets");
        namespace = LiveCluster.scratchNamespace(admin, "meshdiff", Map.of("istio-injection", "enabled"));
        Scene.await(
                "a service account",
                () -> admin.serviceAccounts()
                                .inNamespace(namespace)
                                .withName("default")
                                .get()
                        != null);
        Scene.create(admin, APP.replace("NS", namespace).replace("IMAGE", Scene.IMAGE));
        Scene.await("the pod", () -> Scene.ready(Scene.pod(admin, namespace, "target")));
        String ip = Scene.pod(admin, namespace, "target").getStatus().getPodIP();

        List<String> identities = List.of(
                "cluster.local/ns/" + namespace + "/sa/web",
                "cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account",
                "cluster.local/ns/elsewhere/sa/web");
        List<MeshTokens> issuers = List.of(new MeshTokens("https://good.test"), new MeshTokens("https://other.test"));
        MeshProbe probe = new MeshProbe(ip, new MeshIdentities(admin, directory));
        String address = probe.address();
        MeshSets generator = new MeshSets(
                new Random(seed), namespace, identities, issuers, address, Map.of("zta-differential", namespace));
        List<MeshProbe.Shot> shots = MeshProbe.shots(identities, issuers, address);

        Snapshot base = quiet(Snapshot.of(admin));
        Tally tally = new Tally();
        try (LocalPortForward envoy =
                admin.pods().inNamespace(namespace).withName("target").portForward(15000)) {
            Sidecar sidecar = new Sidecar(envoy, base, probe, shots);
            for (int i = 0; i < sets; i++) {
                List<Draft> set = generator.next();
                Map<MeshProbe.Shot, String> wrong = sidecar.disagreements(set, tally);
                if (!wrong.isEmpty()) {
                    List<Draft> small = shrink(sidecar, set);
                    throw new AssertionError(
                            "seed " + seed + ", set " + i + ": " + sidecar.disagreements(small, new Tally())
                                    + "\nfor "
                                    + String.join(
                                            "\n    ",
                                            small.stream().map(Draft::toString).toList())
                                    + "\nshrunk from " + set);
                }
            }
        }
        System.out.println("mesh differential: " + tally);
        assertThat(tally.decided()).as("answers that both sides gave").isGreaterThan(sets * 50);
        assertThat(tally.allowed * 10).as("requests let in, not nearly none").isGreaterThan(tally.decided());
        assertThat(tally.denied * 10).as("requests refused, not nearly none").isGreaterThan(tally.decided());
        assertThat(tally.unknown * 5).as("answers the evaluator does not know").isLessThan(tally.decided());
    }

    /** The cluster without policies that somebody else's test has in the root namespace for pods of its own. */
    private static Snapshot quiet(Snapshot all) {
        return Snapshot.of(all.resources()
                .filter(resource -> !POLICIES.contains(resource.type()))
                .toList());
    }

    /** Takes objects away, then rules and fields, while the two still disagree. */
    private static List<Draft> shrink(Sidecar sidecar, List<Draft> set) throws Exception {
        List<Draft> small = set;
        Instant end = Instant.now().plus(Duration.ofSeconds(60));
        boolean smaller = true;
        while (smaller && Instant.now().isBefore(end)) {
            smaller = false;
            for (List<Draft> candidate : MeshShrink.smaller(small)) {
                if (Instant.now().isBefore(end)
                        && !sidecar.disagreements(candidate, new Tally()).isEmpty()) {
                    small = candidate;
                    smaller = true;
                    break;
                }
            }
        }
        return small;
    }

    private static final class Tally {
        private int allowed;
        private int denied;
        private int unknown;
        private int refused;

        int decided() {
            return allowed + denied;
        }

        @Override
        public String toString() {
            return allowed + " let in, " + denied + " refused, " + unknown + " not known, " + refused
                    + " objects that the API server does not take";
        }
    }

    /** The live sidecar beside the evaluator. */
    private final class Sidecar {
        private final LocalPortForward envoy;
        private final Snapshot base;
        private final MeshProbe probe;
        private final List<MeshProbe.Shot> shots;

        Sidecar(LocalPortForward envoy, Snapshot base, MeshProbe probe, List<MeshProbe.Shot> shots) {
            this.envoy = envoy;
            this.base = base;
            this.probe = probe;
            this.shots = shots;
        }

        Map<MeshProbe.Shot, String> disagreements(List<Draft> set, Tally tally) throws Exception {
            clear();
            for (Draft draft : set) {
                write(draft, tally);
            }
            String marker = "192.0.2." + (++markers % 250);
            Map<String, Object> never = Map.of(
                    "action",
                    "DENY",
                    "rules",
                    List.of(Map.of("from", List.of(Map.of("source", Map.of("ipBlocks", List.of(marker)))))));
            write(new Draft("AuthorizationPolicy", namespace, "marker-" + markers, Map.of(), never), tally);
            Snapshot snapshot = base.with(Snapshot.ofText("set", yaml(written)));
            Mesh mesh = Mesh.of(snapshot);
            Pod pod = Pods.of(snapshot).in(namespace).get(0);
            await(marker);

            Map<MeshProbe.Shot, String> wrong = new LinkedHashMap<>();
            for (MeshProbe.Shot shot : shots) {
                Optional<Boolean> expected = expected(mesh, pod, shot);
                if (expected.isEmpty()) {
                    tally.unknown++;
                    continue;
                }
                String answer = probe.send(shot);
                // A listener that drains still answers for a moment.
                for (int again = 0; again < 8 && MeshProbe.letIn(answer) != expected.get(); again++) {
                    Thread.sleep(250);
                    answer = probe.send(shot);
                }
                if (MeshProbe.letIn(answer) != expected.get()) {
                    wrong.put(
                            shot,
                            "evaluator: " + (expected.get() ? "let in" : "refused") + ", sidecar: " + answer + " "
                                    + mesh.decide(pod, shot.port(), shot.client()));
                    if (wrong.size() > 3) {
                        break;
                    }
                } else if (expected.get()) {
                    tally.allowed++;
                } else {
                    tally.denied++;
                }
            }
            return wrong;
        }

        private Optional<Boolean> expected(Mesh mesh, Pod pod, MeshProbe.Shot shot) {
            MeshVerdict verdict = mesh.decide(pod, shot.port(), shot.client());
            if (verdict instanceof MeshVerdict.Allowed allowed) {
                assertThat(allowed.everyRequest())
                        .as("a request that is given is decided: " + shot + " " + allowed)
                        .isTrue();
            }
            return verdict.match(
                    allowed -> Optional.of(true), denied -> Optional.of(false), unknown -> Optional.empty());
        }

        /** Waits until the sidecar's listeners hold an address that only the last policy names. */
        private void await(String marker) throws IOException, InterruptedException {
            HttpRequest request = HttpRequest.newBuilder(URI.create("http://localhost:" + envoy.getLocalPort()
                            + "/config_dump?resource=dynamic_listeners&name_regex=virtualInbound"))
                    .timeout(Duration.ofSeconds(10))
                    .build();
            Instant end = Instant.now().plusSeconds(60);
            while (!active(
                    http.send(request, HttpResponse.BodyHandlers.ofString()).body(), marker)) {
                if (Instant.now().isAfter(end)) {
                    throw new AssertionError("waited a minute for the sidecar to have " + marker);
                }
                Thread.sleep(100);
            }
        }

        private boolean active(String dump, String marker) {
            return dump.contains("\"" + marker + "\"") && !dump.contains("\"warming_state\"");
        }
    }

    private void write(Draft draft, Tally tally) {
        Map<String, Object> fields = new TreeMap<>();
        fields.put("spec", draft.spec());
        GenericKubernetesResource object = new GenericKubernetesResourceBuilder()
                .withApiVersion("security.istio.io/v1")
                .withKind(draft.kind())
                .withNewMetadata()
                .withName(draft.name())
                .withNamespace(draft.namespace())
                .withAnnotations(draft.annotations())
                .endMetadata()
                .withAdditionalProperties(fields)
                .build();
        try {
            written.add(admin.resource(object).create());
        } catch (KubernetesClientException e) {
            if (e.getCode() < 400 || e.getCode() >= 500 || e.getCode() == 409) {
                throw e;
            }
            tally.refused++;
        }
    }

    private static String yaml(List<HasMetadata> objects) {
        StringBuilder yaml = new StringBuilder();
        objects.forEach(object -> yaml.append(Serialization.asYaml(object)));
        return yaml.toString();
    }
}
