package io.zta.istio;

import io.zta.finding.Evidence;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Node;
import io.zta.snapshot.Pod;
import io.zta.snapshot.Resource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Whether the proxy of a client sends the mesh's mTLS to a port that takes nothing else. It does so by itself unless the mesh
 * turns that off, and a DestinationRule overrides it: of those for the host the nearest acts, which is the client's
 * namespace, then the service's, then the root namespace, and in each an exact host before a wildcard.
 */
final class ClientTls {
    /**
     * Why mTLS may be missing.
     *
     * @param certain whether it is; otherwise the rules can't be told apart or are not readable
     * @param reason as a clause
     * @param because the deciding fields
     */
    record Problem(boolean certain, String reason, List<Evidence> because) {}

    private final Mesh mesh;

    ClientTls(Mesh mesh) {
        this.mesh = mesh;
    }

    /** What stands against mTLS from clients of a namespace to a pod's port; empty where nothing does. */
    List<Problem> problems(String from, Map<String, String> clientLabels, Pod target, int port) {
        List<Problem> problems = new ArrayList<>();
        for (Resource service : mesh.snapshot().resources(GroupKind.SERVICE, target.namespace())) {
            if (!Chains.selects(service, target)) {
                continue;
            }
            for (Node servicePort : service.spec().get("ports").items()) {
                if (Chains.target(servicePort, target).contains(port)) {
                    problem(
                                    from,
                                    clientLabels,
                                    service,
                                    servicePort.get("port").integer().orElse(0),
                                    target)
                            .ifPresent(problems::add);
                }
            }
        }
        return problems;
    }

    private Optional<Problem> problem(
            String from, Map<String, String> clientLabels, Resource service, int number, Pod target) {
        List<Resource> acting = acting(from, clientLabels, service);
        if (acting.isEmpty()) {
            return mesh.settings()
                    .withoutAutomaticMtls()
                    .map(evidence -> new Problem(
                            true, "the mesh sends no mTLS unless a DestinationRule asks for it", List.of(evidence)));
        }
        List<Problem> found = new ArrayList<>();
        for (Resource rule : acting) {
            mode(rule, number, target).ifPresent(found::add);
        }
        if (found.isEmpty()) {
            return Optional.empty();
        }
        Problem first = found.get(0);
        return Optional.of(
                found.size() == acting.size()
                        ? first
                        : new Problem(
                                false, first.reason() + ", and another rule for the host does not", first.because()));
    }

    /** The rules for a Service's host that a client of a namespace gets: more than one only where they are merged. */
    private List<Resource> acting(String from, Map<String, String> clientLabels, Resource service) {
        for (String namespace : List.of(from, service.namespace(), mesh.rootNamespace())) {
            List<Resource> exact = new ArrayList<>();
            List<Resource> wild = new ArrayList<>();
            for (Resource rule : mesh.snapshot().resources(Kinds.DESTINATION_RULE, namespace)) {
                boolean visible = namespace.equals(from) || exported(rule, from);
                Map<String, String> selector =
                        rule.spec().at("workloadSelector", "matchLabels").textMap();
                boolean selected = selector.isEmpty()
                        || namespace.equals(from) && clientLabels.entrySet().containsAll(selector.entrySet());
                if (visible && selected) {
                    String host = rule.spec().get("host").textOr("");
                    if (named(host, rule.namespace(), service)) {
                        exact.add(rule);
                    } else if (host.startsWith("*") && full(service).endsWith(host.substring(1))) {
                        wild.add(rule);
                    }
                }
            }
            if (!exact.isEmpty() || !wild.isEmpty()) {
                return exact.isEmpty() ? wild : exact;
            }
        }
        return List.of();
    }

    private static boolean exported(Resource rule, String from) {
        List<String> to = rule.spec().get("exportTo").texts();
        return to.isEmpty()
                || to.contains("*")
                || to.contains(from)
                || to.contains(".") && rule.namespace().equals(from);
    }

    private static String full(Resource service) {
        return service.name() + "." + service.namespace() + ".svc.cluster.local";
    }

    private static boolean named(String host, String namespace, Resource service) {
        return host.equals(service.name()) && namespace.equals(service.namespace())
                || host.equals(service.name() + "." + service.namespace())
                || host.startsWith(service.name() + "." + service.namespace() + ".svc");
    }

    /** The mode that a rule gives a port of its host, or any subset that the target is of, where it is not the mesh's own. */
    private Optional<Problem> mode(Resource rule, int number, Pod target) {
        List<Node> subsets = rule.spec().get("subsets").items();
        for (int i = 0; i < subsets.size(); i++) {
            boolean member = target.labels()
                    .entrySet()
                    .containsAll(subsets.get(i).get("labels").textMap().entrySet());
            Optional<Problem> problem = member
                    ? policy(rule, subsets.get(i).get("trafficPolicy"), "spec.subsets[" + i + "].trafficPolicy", number)
                    : Optional.empty();
            if (problem.isPresent()) {
                return problem.map(some -> new Problem(
                        false, some.reason() + " when a route names subset " + name(rule, some), some.because()));
            }
        }
        Node own = rule.spec().get("trafficPolicy");
        if (tls(own, number).isAbsent()) {
            return mesh.settings()
                    .withoutAutomaticMtls()
                    .map(evidence -> new Problem(
                            true, rule.display() + " asks for no mTLS and the mesh sends none", List.of(evidence)));
        }
        return policy(rule, own, "spec.trafficPolicy", number);
    }

    private static String name(Resource rule, Problem problem) {
        String path = problem.because().get(0).path();
        int index = Integer.parseInt(path.substring(path.indexOf('[') + 1, path.indexOf(']')));
        return rule.spec().get("subsets").item(index).get("name").textOr("?");
    }

    private static Node tls(Node policy, int number) {
        for (Node level : policy.get("portLevelSettings").items()) {
            if (level.at("port", "number").integer().orElse(0) == number) {
                return level.at("tls", "mode");
            }
        }
        return policy.at("tls", "mode");
    }

    private static Optional<Problem> policy(Resource rule, Node policy, String path, int number) {
        Node mode = tls(policy, number);
        String text = mode.textOr("");
        if (mode.isAbsent() || text.equals("ISTIO_MUTUAL")) {
            return Optional.empty();
        }
        boolean known = text.equals("DISABLE") || text.equals("SIMPLE") || text.equals("MUTUAL");
        return Optional.of(new Problem(
                known,
                rule.display() + (known ? " sends it without the mesh's mTLS" : " has a TLS mode that can't be read"),
                List.of(Evidence.of(rule, path + ".tls.mode", mode))));
    }
}
