package io.zta.verify.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zta.intent.Intent;
import io.zta.intent.Port.Protocol;
import io.zta.network.PortSet;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Node;
import io.zta.snapshot.Pod;
import io.zta.snapshot.Resource;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** Gates on the mesh: clients without a proxy, identities before STRICT, ambient, Pod Security. */
final class MeshGates {
    private static final String ENFORCE = "pod-security.kubernetes.io/enforce";

    private MeshGates() {}

    static List<Gate> all() {
        return List.of(
                new Check(
                        "APPLY-05",
                        "STRICT before every client has a sidecar",
                        "give the client a sidecar, keep it out with denyDirectAccess(), or give it up as it is printed",
                        MeshGates::clients),
                new Check(
                        "APPLY-06",
                        "rules on identities before STRICT: principals are empty, and an ALLOW denies all",
                        "ask for strictMtls()",
                        MeshGates::identities),
                new Check(
                        "APPLY-07",
                        "ambient: a rule on the application's port alone cuts the mesh off",
                        "admit TCP 15008 from the same peers",
                        MeshGates::ambient),
                new Check(
                        "APPLY-15",
                        "Pod Security is enforced where istio-init needs NET_ADMIN: no meshed pod starts again",
                        "install Istio's CNI plugin first, or leave podSecurity(..) out: the admission policy on pods"
                                + " stands in for it",
                        MeshGates::podSecurity));
    }

    private static boolean strict(JsonNode authentication) {
        return authentication.path("spec").path("mtls").path("mode").asText().equals("STRICT");
    }

    private static void clients(GateContext context, Gate.Findings findings) {
        boolean becomesStrict = context.changes().stream()
                .anyMatch(change -> change.object().kind().equals("PeerAuthentication")
                        && change.action() != Change.Action.DELETE
                        && change.action() != Change.Action.RESTORE
                        && strict(Json.parse(change.desired())));
        if (!becomesStrict) {
            return;
        }
        Map<String, String> bare = new TreeMap<>();
        Set<String> trusted = new TreeSet<>();
        for (String namespace : context.posture().namespaces()) {
            for (Pod target : context.flows().before().pods().in(namespace)) {
                if (!context.posture().protects(namespace, target.labels()) || target.hostNetwork()) {
                    continue;
                }
                PortSet ports = Flows.ports(context.before(), target);
                for (Pod client : context.flows().before().pods().all()) {
                    if (client.workload().equals(target.workload())
                            || Flows.proxied(client)
                            || client.fromTemplate()
                            || context.flows()
                                    .after()
                                    .between(client, target)
                                    .expected()
                                    .intersect(ports)
                                    .isEmpty()) {
                        continue;
                    }
                    if (ofTheCluster(client)) {
                        trusted.add(client.workload().toString());
                    } else {
                        bare.putIfAbsent(
                                client.workload() + " -> " + target.workload(),
                                client.display() + " has no container istio-proxy");
                    }
                }
            }
        }
        bare.forEach((flow, why) -> {
            if (context.givenUp(flow)) {
                findings.note(flow + ": given up by name");
            } else {
                findings.object(flow + " would be refused: " + why);
            }
        });
        if (!trusted.isEmpty()) {
            findings.note("not counted, since they open no connections to workloads: " + String.join(", ", trusted));
        }
        context.options()
                .proxyMetrics()
                .ifPresentOrElse(
                        metrics -> {
                            metrics.plaintextRequests().forEach(findings::object);
                            if (metrics.series() == 0) {
                                findings.object("the scrapes given for " + metrics.window()
                                        + " hold no istio_requests_total of destinations: they tell nothing");
                            } else if (metrics.plaintextRequests().isEmpty()) {
                                findings.note("no plaintext request in " + metrics.window() + ", of " + metrics.series()
                                        + " series");
                            }
                        },
                        () -> findings.note("no proxy metrics were given: judged by the pods that reach a target"));
        if (!findings.refused()) {
            findings.note("every other pod that reaches a target has a proxy");
        }
    }

    private static boolean ofTheCluster(Pod pod) {
        return "kube-dns".equals(pod.labels().get("k8s-app"))
                || "istiod".equals(pod.labels().get("app"))
                || pod.namespace().equals("kube-system") && pod.hostNetwork();
    }

    private static void identities(GateContext context, Gate.Findings findings) {
        for (ObjectNode policy : context.wanted("AuthorizationPolicy")) {
            String namespace = Json.metadata(policy, "namespace");
            if (!policy.toString().matches(".*\"(notP|p)rincipals\".*|.*\"namespaces\".*")) {
                continue;
            }
            boolean wanted = context.wanted("PeerAuthentication").stream()
                    .anyMatch(other -> Json.metadata(other, "namespace").equals(namespace) && strict(other));
            boolean live = context.before().resources(GroupKind.PEER_AUTHENTICATION).stream()
                    .anyMatch(other -> (other.namespace().equals(namespace)
                                    || other.namespace().equals("istio-system"))
                            && other.spec().at("mtls", "mode").textOr("").equals("STRICT")
                            && other.spec().get("selector").isAbsent());
            if (!wanted && !live) {
                findings.object(
                        Json.ref(policy) + " asks for identities, and nothing makes mTLS STRICT in " + namespace);
            } else {
                findings.note(Json.ref(policy) + ": STRICT is there or comes first");
            }
        }
        int strictAt = -1;
        int identityAt = -1;
        for (int index = 0; index < context.steps().size(); index++) {
            Step step = context.steps().get(index);
            if (step.stage() == Step.Stage.STRICT) {
                strictAt = index;
            } else if (step.stage() == Step.Stage.IDENTITY && identityAt < 0) {
                identityAt = index;
            }
        }
        if (identityAt >= 0 && strictAt > identityAt) {
            findings.object("the step mesh/identity comes before mesh/strict");
        }
    }

    private static boolean isAmbient(GateContext context, Pod pod) {
        String own = pod.labels().getOrDefault("istio.io/dataplane-mode", "");
        if (own.equals("none") || Flows.proxied(pod)) {
            return false;
        }
        return own.equals("ambient")
                || "enabled".equals(pod.annotations().get("ambient.istio.io/redirection"))
                || "ambient"
                        .equals(context.before()
                                .namespaceLabels(pod.namespace())
                                .get("istio.io/dataplane-mode"));
    }

    private static void ambient(GateContext context, Gate.Findings findings) {
        for (String namespace : context.posture().namespaces()) {
            for (Pod target : context.flows().before().pods().in(namespace)) {
                if (!isAmbient(context, target) || !context.posture().protects(namespace, target.labels())) {
                    continue;
                }
                PortSet ports = Flows.ports(context.before(), target);
                int open = 0;
                for (Pod client : context.flows().before().pods().all()) {
                    if (client.workload().equals(target.workload())) {
                        continue;
                    }
                    PortSet is = context.flows().after().between(client, target).expected();
                    boolean meshed = isAmbient(context, client) || Flows.proxied(client);
                    if (meshed && !is.intersect(ports).isEmpty() && !is.contains(Protocol.TCP, 15008)) {
                        findings.object(client.workload() + " -> " + target.workload()
                                + " is let in on the application's port and not on TCP 15008, where ambient traffic"
                                + " arrives");
                    } else if (meshed && is.contains(Protocol.TCP, 15008)) {
                        open++;
                    }
                }
                findings.note(target.workload() + " is ambient: " + open + " meshed workloads reach TCP 15008");
            }
        }
    }

    private static void podSecurity(GateContext context, Gate.Findings findings) {
        for (String namespace : context.posture().namespaces()) {
            String was = context.before().namespaceLabels(namespace).getOrDefault(ENFORCE, "privileged");
            String is = context.after().namespaceLabels(namespace).getOrDefault(ENFORCE, "privileged");
            boolean enforces = is.equals("baseline") || is.equals("restricted");
            if (!enforces || was.equals(is)) {
                continue;
            }
            boolean meshed =
                    "enabled".equals(context.before().namespaceLabels(namespace).get("istio-injection"))
                            || context.before().namespaceLabels(namespace).containsKey("istio.io/rev")
                            || context.posture().asks(Intent.StrictMtls.class);
            if (!meshed) {
                findings.note("namespace " + namespace + " enforces " + is + " and has no injection");
                continue;
            }
            List<Pod> injected = context.flows().before().pods().all().stream()
                    .filter(pod -> !pod.fromTemplate() && pod.annotations().containsKey("sidecar.istio.io/status"))
                    .toList();
            List<String> init = injected.stream()
                    .filter(pod -> pod.spec().get("initContainers").items().stream()
                            .anyMatch(container ->
                                    container.get("name").textOr("").equals("istio-init")))
                    .map(Pod::display)
                    .toList();
            if (!init.isEmpty()) {
                findings.object("namespace " + namespace + " would enforce " + is + ", and " + init.get(0)
                        + " was injected with the container istio-init");
            } else if (!injected.isEmpty()) {
                findings.note("namespace " + namespace + " enforces " + is + "; no injected pod has istio-init");
            } else if (cniPlugin(context)) {
                findings.note(
                        "namespace " + namespace + " enforces " + is + "; the injector's values have the plugin on");
            } else {
                findings.object("namespace " + namespace + " would enforce " + is
                        + ", and neither an injected pod nor the injector's values show Istio's CNI plugin");
            }
        }
    }

    private static boolean cniPlugin(GateContext context) {
        for (Resource map : context.before().resources(GroupKind.CONFIG_MAP, "istio-system")) {
            if (map.name().startsWith("istio-sidecar-injector")) {
                Node values = map.tree().at("data", "values");
                JsonNode tree = values.text().map(Json::parse).orElse(Json.MAPPER.createObjectNode());
                if (tree.path("pilot").path("cni").path("enabled").asBoolean()
                        || tree.path("istio_cni").path("enabled").asBoolean()) {
                    return true;
                }
            }
        }
        return false;
    }
}
