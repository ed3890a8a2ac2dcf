package io.zta.istio;

import io.zta.Posture;
import io.zta.finding.Claim;
import io.zta.finding.ClaimResult;
import io.zta.finding.Doubt;
import io.zta.finding.Evidence;
import io.zta.finding.Finding;
import io.zta.finding.Hop;
import io.zta.finding.Severity;
import io.zta.intent.Intent;
import io.zta.intent.Phase;
import io.zta.snapshot.Node;
import io.zta.snapshot.Pod;
import io.zta.snapshot.Pods;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** Examines a snapshot for what the mesh layer claims: no plaintext, allowed identities alone, pods that keep their sidecar. */
final class MeshExamination {
    private static final Set<String> STRONG = Set.of("NET_ADMIN", "SYS_ADMIN", "ALL", "SYS_MODULE", "BPF");

    private final Posture posture;
    private final Mesh mesh;
    private final Pods pods;
    private final Ports ports;

    MeshExamination(Posture posture, Snapshot snapshot) {
        this.posture = posture;
        this.mesh = Mesh.of(snapshot);
        this.pods = Pods.of(snapshot);
        this.ports = Ports.of(snapshot);
    }

    List<ClaimResult> results() {
        List<ClaimResult> results = new ArrayList<>();
        boolean identities = posture.asks(Intent.StrictMtls.class)
                || posture.asks(Intent.RequireToken.class)
                || posture.asks(Intent.ExternalAuthorizer.class);
        if (posture.phase().compareTo(Phase.MESH) < 0) {
            return results;
        }
        for (String namespace : posture.namespaces()) {
            Map<Pod, Integer> classes = classes(namespace);
            if (posture.asks(Intent.StrictMtls.class)) {
                results.add(plaintext(namespace, classes));
            }
            if (identities) {
                results.add(new IdentityClaim(posture, mesh, pods, ports).examine(namespace, classes));
            }
            if (posture.asks(Intent.StrictMtls.class) && posture.phase().compareTo(Phase.API) >= 0) {
                results.add(new SidecarRuleClaim(posture, mesh.snapshot()).examine(namespace));
            }
        }
        return results;
    }

    /** Pods that the mesh can't tell apart, with the number of each. */
    private Map<Pod, Integer> classes(String namespace) {
        return classes(posture, pods, namespace);
    }

    static Map<Pod, Integer> classes(Posture posture, Pods pods, String namespace) {
        Map<String, Pod> first = new LinkedHashMap<>();
        Map<Pod, Integer> counts = new LinkedHashMap<>();
        for (Pod pod : pods.in(namespace)) {
            if (posture.protects(namespace, pod.labels())) {
                Map<String, String> labels = new TreeMap<>(pod.labels());
                labels.keySet().removeIf(Pods::isGiven);
                StringBuilder key = new StringBuilder(pod.workload().toString());
                key.append(labels).append(new TreeMap<>(pod.annotations())).append(pod.hostNetwork());
                key.append(pod.spec().get("securityContext"));
                pod.allContainers()
                        .forEach(container -> key.append('|')
                                .append(container.get("name"))
                                .append(container.get("image"))
                                .append(container.get("command"))
                                .append(container.get("args"))
                                .append(container.get("ports"))
                                .append(container.get("securityContext"))
                                .append(container.get("restartPolicy"))
                                .append(
                                        container.get("name").textOr("").startsWith("istio-")
                                                ? List.of(
                                                        container.get("env"),
                                                        container.get("envFrom"),
                                                        container.get("volumeMounts"),
                                                        container.get("lifecycle"),
                                                        container.get("startupProbe"),
                                                        container.get("readinessProbe"),
                                                        container.get("livenessProbe"))
                                                : ""));
                Pod representative = first.computeIfAbsent(key.toString(), k -> pod);
                counts.merge(representative, 1, Integer::sum);
            }
        }
        return counts;
    }

    private ClaimResult plaintext(String namespace, Map<Pod, Integer> classes) {
        ClaimResult.Collector collector = ClaimResult.collect(Claim.PLAINTEXT, "namespace " + namespace);
        collector.assume(
                "What has port 15020 of a pod open in plaintext (metrics, and the application's probe path), 15021"
                        + " and 15090 is not the mesh's to close: a NetworkPolicy narrows it to the node.");
        collector.assume(
                "UDP and SCTP have applications only on ports that pods declare or Services lead to: no sidecar"
                        + " takes them, nor ICMP.");
        assumptions(collector, mesh, classes);
        pods.unreadIn(namespace).stream().map(Doubt::ofPods).forEach(collector::doubt);
        boolean closed = true;
        for (Map.Entry<Pod, Integer> entry : classes.entrySet()) {
            Pod pod = entry.getKey();
            Map<String, Finding> findings = new LinkedHashMap<>();
            for (int port : ports.of(pod, posture.ports())) {
                collector.cover(entry.getValue());
                port(collector, pod, port, findings);
            }
            closed &= findings.isEmpty();
            findings.forEach((key, finding) -> collector.violatedBy(finding));
            privileges(mesh.captures(), pod).forEach(collector::violatedBy);
            new Uncaptured(posture, mesh.snapshot()).examine(pod, collector);
        }
        if (closed) { // else the same way in would be told once more
            classes.keySet().stream().findFirst().ifPresent(pod -> unlabelled(collector, withoutLabels(posture, pod)));
        }
        collector.because("every port of every protected pod is captured by Istio's own proxy and takes mTLS only");
        return collector.result();
    }

    /** What the settings of the mesh leave open, and the proxy's images where the snapshot does not say which are Istio's. */
    static void assumptions(ClaimResult.Collector collector, Mesh mesh, Map<Pod, Integer> classes) {
        mesh.settings().doubts().forEach(collector::doubt);
        mesh.settings().assumptions().forEach(collector::assume);
        if (mesh.captures().injector().images().isEmpty()) {
            Set<String> images = new TreeSet<>();
            classes.keySet().stream()
                    .flatMap(pod -> pod.runningContainers().stream())
                    .filter(container -> container.get("name").textOr("").equals("istio-proxy"))
                    .forEach(container -> images.add(container.get("image").textOr("")));
            images.forEach(image -> collector.assume(image
                    + " is Istio's proxy: the snapshot has no ConfigMap istio-sidecar-injector to compare with."));
        }
    }

    /** A pod that somebody could make, or make of this one: it wears no labels but those the posture protects by. */
    static Pod withoutLabels(Posture posture, Pod pod) {
        return new Pod(
                pod.workload(),
                pod.resource(),
                pod.name(),
                posture.workloads().labels(),
                pod.annotations(),
                pod.spec(),
                pod.ips(),
                pod.fromTemplate());
    }

    private void unlabelled(ClaimResult.Collector collector, Pod bare) {
        int port = posture.ports().isEmpty() ? 8080 : posture.ports().get(0).first();
        MtlsModes.Decision mode = mesh.mode(bare, port);
        mode.doubts().forEach(collector::doubt);
        if (mode.mode() != MtlsModes.Mode.STRICT && mode.mode() != MtlsModes.Mode.UNKNOWN) {
            List<Evidence> because = mode.because().isEmpty()
                    ? List.of(Evidence.of(bare.resource(), "metadata.labels", "taken off"))
                    : mode.because();
            collector.violatedBy(MeshFinding.LABEL.of(
                    Severity.ERROR,
                    "Namespace " + bare.namespace(),
                    "takes plaintext at a pod whose labels no PeerAuthentication selects",
                    because,
                    List.of(
                            Hop.of("whoever makes a pod, or edits the labels of " + bare.display()
                                    + ", leaves what is selected by label"),
                            new Hop("its sidecar takes plaintext", Optional.of(because.get(because.size() - 1))))));
        }
    }

    private void port(ClaimResult.Collector collector, Pod pod, int port, Map<String, Finding> findings) {
        Capture capture = mesh.capture(pod, port);
        String from = "any pod, and the node, connect to " + pod.display() + " TCP " + port + " in plaintext";
        if (capture.is(Capture.State.UNKNOWN)) {
            collector.doubt(Doubt.of(capture.reason(), "give a snapshot of the running pods and of the injector"));
            return;
        }
        if (capture.is(Capture.State.OPEN)) {
            MeshFinding kind = MeshFinding.ofCapture(capture.bypass());
            findings.putIfAbsent(
                    kind + capture.reason(),
                    kind.of(
                            Severity.ERROR,
                            "Pod " + pod.display(),
                            "takes plaintext: " + capture.reason(),
                            capture.evidence(),
                            MeshFinding.witness(from, "no sidecar stands in its way", capture.evidence())));
            return;
        }
        mesh.extensions().doubts(pod).stream()
                .filter(doubt -> !doubt.reason().contains("runs code of its own"))
                .forEach(collector::doubt);
        MtlsModes.Decision mode = mesh.mode(pod, port);
        if (mode.mode() == MtlsModes.Mode.UNKNOWN) {
            mode.doubts().forEach(collector::doubt);
            return;
        }
        if (mode.mode() != MtlsModes.Mode.STRICT) {
            MeshFinding kind = mode.portLevel() ? MeshFinding.PORT : MeshFinding.PLAINTEXT;
            List<Evidence> because = mode.because().isEmpty()
                    ? List.of(Evidence.of(pod.resource(), "", "no PeerAuthentication acts on it: PERMISSIVE"))
                    : mode.because();
            String name = mode.mode().name().toLowerCase(Locale.ROOT);
            findings.putIfAbsent(
                    kind + because.toString(),
                    kind.of(
                            Severity.ERROR,
                            because.get(because.size() - 1).object(),
                            "leaves TCP " + port + " of " + pod.display() + " " + name + ", so it takes plaintext",
                            List.of(because.get(because.size() - 1)),
                            MeshFinding.witness(from, "its sidecar takes plaintext", because)));
        }
    }

    /** Containers that could rewrite the redirection into the sidecar. */
    private static List<Finding> privileges(Captures captures, Pod pod) {
        List<Finding> findings = new ArrayList<>();
        for (Node container : pod.allContainers()) {
            String name = container.get("name").textOr("");
            if (captures.injectors(pod, container)) {
                continue;
            }
            Node context = container.get("securityContext");
            boolean strong = context.get("privileged").isTrue()
                    || context.at("capabilities", "add").texts().stream()
                            .map(capability ->
                                    capability.toUpperCase(Locale.ROOT).replaceFirst("^CAP_", ""))
                            .anyMatch(STRONG::contains);
            if (strong) {
                Evidence evidence = Evidence.of(pod.resource(), "spec container " + name + " securityContext", context);
                findings.add(MeshFinding.NET_ADMIN.of(
                        Severity.ERROR,
                        "Pod " + pod.display(),
                        "has a container " + name + " that can rewrite the redirection into the sidecar",
                        List.of(evidence),
                        List.of(
                                Hop.of("container " + name + " changes the pod's iptables rules", evidence),
                                Hop.of("any pod connects to " + pod.display() + " in plaintext"))));
            }
        }
        return findings;
    }
}
