package io.zta.istio;

import io.zta.Posture;
import io.zta.finding.Evidence;
import io.zta.finding.Finding;
import io.zta.finding.Hop;
import io.zta.finding.Severity;
import io.zta.intent.Intent;
import io.zta.intent.TokenIssuer;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Node;
import io.zta.snapshot.Pod;
import io.zta.snapshot.Pods;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;

/** Objects of the mesh that act on a posture's namespaces and don't do what they say, or only while a label stays. */
final class MeshNotes {
    private static final Set<GroupKind> POLICIES =
            Set.of(GroupKind.PEER_AUTHENTICATION, GroupKind.AUTHORIZATION_POLICY, GroupKind.REQUEST_AUTHENTICATION);

    /** The user and group of Istio's proxy. */
    private static final int PROXY_USER = 1337;

    private final Posture posture;
    private final Snapshot snapshot;
    private final Mesh mesh;
    private final Pods pods;
    private final List<Finding> notes = new ArrayList<>();
    private final Set<String> identities;

    MeshNotes(Posture posture, Snapshot snapshot) {
        this.posture = posture;
        this.snapshot = snapshot;
        this.mesh = Mesh.of(snapshot);
        this.pods = Pods.of(snapshot);
        this.identities = mesh.identities();
    }

    List<Finding> all() {
        Set<String> namespaces = new LinkedHashSet<>(posture.namespaces());
        namespaces.add(mesh.rootNamespace());
        for (String namespace : namespaces) {
            for (GroupKind kind : new TreeSet<>(POLICIES)) {
                snapshot.resources(kind, namespace).forEach(this::policy);
            }
        }
        posture.namespaces().forEach(this::optOuts);
        posture.namespaces().forEach(this::routes);
        posture.namespaces().forEach(this::proxysUser);
        return notes;
    }

    private void note(
            String number,
            Severity severity,
            Resource object,
            String title,
            Evidence evidence,
            String fix,
            String rule) {
        notes.add(new Finding(
                "ZTA-MESH-" + number, severity, "", object.display(), title, List.of(evidence), List.of(), fix, rule));
    }

    private void policy(Resource policy) {
        Node spec = policy.spec();
        boolean rooted = policy.namespace().equals(mesh.rootNamespace());
        Optional<Map<String, String>> labels = WorkloadSelectors.labels(spec.get("selector"));
        boolean selective = labels.isPresent() && !labels.get().isEmpty();
        boolean own =
                policy.labels().getOrDefault("app.kubernetes.io/managed-by", "").equals("zta");
        if (selective && !own) {
            selective(policy, labels.orElseThrow(), rooted);
        }
        if (policy.type().equals(GroupKind.PEER_AUTHENTICATION)) {
            peer(policy, selective);
        } else if (spec.get("targetRefs").size() > 0 || spec.get("targetRef").size() > 0) {
            note(
                    "053",
                    Severity.WARNING,
                    policy,
                    "is attached by targetRefs, which act on gateways and waypoints and on no sidecar",
                    Evidence.of(
                            policy,
                            spec.get("targetRefs").isPresent() ? "spec.targetRefs" : "spec.targetRef",
                            spec.get("targetRefs").isPresent() ? spec.get("targetRefs") : spec.get("targetRef")),
                    "select workloads by spec.selector, or leave it out for the whole namespace",
                    "MESH-56");
        }
        if (policy.type().equals(GroupKind.AUTHORIZATION_POLICY)) {
            authorization(policy);
        } else if (policy.type().equals(GroupKind.REQUEST_AUTHENTICATION) && !rooted) {
            tokens(policy);
        }
    }

    private void selective(Resource policy, Map<String, String> labels, boolean rooted) {
        Node selector = policy.spec().get("selector");
        boolean peer = policy.type().equals(GroupKind.PEER_AUTHENTICATION);
        if (rooted && peer) {
            note(
                    "050",
                    Severity.WARNING,
                    policy,
                    "is ignored: a PeerAuthentication of the root namespace has no selector",
                    Evidence.of(policy, "spec.selector", selector),
                    "move it to the workload's namespace, or leave the selector out",
                    "MESH-06");
            return;
        }
        List<Pod> candidates = rooted ? pods.all() : pods.in(policy.namespace());
        boolean matches =
                candidates.stream().anyMatch(pod -> pod.labels().entrySet().containsAll(labels.entrySet()));
        if (!matches) {
            note(
                    "051",
                    Severity.WARNING,
                    policy,
                    "selects no pod of the snapshot, so it does nothing",
                    Evidence.of(policy, "spec.selector", selector),
                    "correct the labels, or leave the selector out for the whole namespace",
                    "MESH-04");
        } else if (!rooted && restricts(policy)) {
            note(
                    "052",
                    Severity.WARNING,
                    policy,
                    "covers only pods with labels " + labels + ": whoever edits a pod's labels takes it out",
                    Evidence.of(policy, "spec.selector", selector),
                    "leave the selector out, so that every pod of the namespace is covered",
                    "MESH-04");
        }
    }

    /** Whether a policy closes something, so that leaving it opens something. */
    private static boolean restricts(Resource policy) {
        if (policy.type().equals(GroupKind.PEER_AUTHENTICATION)) {
            return policy.spec().at("mtls", "mode").textOr("").equals("STRICT");
        }
        return policy.type().equals(GroupKind.AUTHORIZATION_POLICY);
    }

    private void peer(Resource policy, boolean selective) {
        Node ports = policy.spec().get("portLevelMtls");
        if (ports.size() > 0 && !selective) {
            note(
                    "054",
                    Severity.WARNING,
                    policy,
                    "has port levels that do nothing without a selector",
                    Evidence.of(policy, "spec.portLevelMtls", ports),
                    "add a selector, or remove the port levels",
                    "MESH-15");
            return;
        }
        for (String port : ports.fields().keySet()) {
            Set<Integer> targets = new TreeSet<>();
            for (Resource service : snapshot.resources(GroupKind.SERVICE, policy.namespace())) {
                for (Node servicePort : service.spec().get("ports").items()) {
                    boolean named = servicePort.get("port").textOr("").equals(port);
                    pods.in(policy.namespace()).stream()
                            .filter(pod -> named && Chains.selects(service, pod))
                            .forEach(pod -> targets.addAll(Chains.target(servicePort, pod)));
                }
            }
            boolean declared = pods.in(policy.namespace()).stream()
                    .flatMap(pod -> pod.ports().stream())
                    .anyMatch(known -> Integer.toString(known.number()).equals(port));
            if (!targets.isEmpty()
                    && !targets.stream().map(Object::toString).toList().contains(port)
                    && !declared) {
                note(
                        "055",
                        Severity.WARNING,
                        policy,
                        "names port " + port + " of a Service, and port levels go by the pods' own ports " + targets,
                        Evidence.of(policy, "spec.portLevelMtls." + port, ports.get(port)),
                        "name the pods' port",
                        "MESH-12");
            }
        }
    }

    private void authorization(Resource policy) {
        Node spec = policy.spec();
        String action = spec.get("action").textOr("ALLOW");
        boolean dry = Authorization.isDryRun(policy)
                && pods.in(policy.namespace()).stream()
                        .flatMap(pod -> mesh.authorization().acting(pod).stream())
                        .anyMatch(acting -> acting.policy().equals(policy));
        if (dry) {
            note(
                    "056",
                    Severity.WARNING,
                    policy,
                    "is a dry run and not enforced",
                    Evidence.of(policy, "metadata.annotations.istio.io/dry-run", "true"),
                    "remove the annotation",
                    "MESH-54");
        }
        List<Node> rules = spec.get("rules").items();
        if (rules.isEmpty() && !action.equals("ALLOW")) {
            note(
                    "057",
                    Severity.WARNING,
                    policy,
                    "has action " + action + " and no rules, so it does nothing",
                    Evidence.of(policy, "spec.action", action),
                    "add rules: [{}] to mean every request",
                    "MESH-52");
        }
        for (int i = 0; i < rules.size(); i++) {
            if (rules.get(i).isObject() && rules.get(i).size() == 0 && action.equals("ALLOW")) {
                note(
                        "058",
                        Severity.WARNING,
                        policy,
                        "allows every request: an empty rule matches all",
                        Evidence.of(policy, "spec.rules[" + i + "]", rules.get(i)),
                        "leave the rule out (spec: {} allows nothing), or say who is meant",
                        "MESH-53");
            }
            strangers(policy, rules.get(i), i);
        }
    }

    /** Identities that are named in full and that no service account has. */
    private void strangers(Resource policy, Node rule, int index) {
        List<Node> from = rule.get("from").items();
        for (int j = 0; j < from.size(); j++) {
            for (String field : List.of("principals", "notPrincipals")) {
                for (String principal : from.get(j).at("source", field).texts()) {
                    Set<String> concrete =
                            Patterns.principals(principal, mesh.settings().trustDomains());
                    boolean exact = !principal.contains("*") && principal.contains("/ns/");
                    if (exact && concrete.stream().noneMatch(identities::contains)) {
                        note(
                                "059",
                                Severity.NOTE,
                                policy,
                                "names the identity " + principal + ", and the snapshot has no such service account",
                                Evidence.of(
                                        policy, "spec.rules[" + index + "].from[" + j + "].source." + field, principal),
                                "name TRUSTDOMAIN/ns/NAMESPACE/sa/ACCOUNT of a service account that is there",
                                "MESH-59");
                    }
                }
            }
        }
    }

    /** A policy on tokens that lets requests without one pass. */
    private void tokens(Resource policy) {
        Set<String> issuers = new TreeSet<>();
        policy.spec()
                .get("jwtRules")
                .items()
                .forEach(rule -> issuers.add(rule.get("issuer").textOr("")));
        boolean ours = posture.intent(Intent.RequireToken.class)
                .map(Intent.RequireToken::issuer)
                .map(TokenIssuer::issuer)
                .filter(issuers::contains)
                .isPresent();
        boolean asked = pods.in(policy.namespace()).stream()
                .filter(pod -> WorkloadSelectors.applies(policy, pod, mesh.rootNamespace()) == Truth.YES)
                .flatMap(pod -> mesh.authorization().acting(pod).stream())
                .anyMatch(acting -> acting.policy().spec().toString().contains("equestPrincipals")
                        || acting.policy().spec().toString().contains("request.auth"));
        if (!asked && !ours && !issuers.isEmpty()) {
            note(
                    "060",
                    Severity.WARNING,
                    policy,
                    "checks tokens that are there and lets requests without one pass: no AuthorizationPolicy asks for one",
                    Evidence.of(policy, "spec.jwtRules", policy.spec().get("jwtRules")),
                    "add an AuthorizationPolicy with requestPrincipals ISSUER/* in the allowing source",
                    "MESH-66");
        }
    }

    /** Pods, templates and namespaces that ask to stay out of the mesh by a label or annotation. */
    private void optOuts(String namespace) {
        Set<String> seen = new TreeSet<>();
        for (Pod pod : pods.in(namespace)) {
            Optional<String> label = Optional.ofNullable(pod.labels().get("sidecar.istio.io/inject"));
            if (label.filter("false"::equals).isPresent()
                    && seen.add(pod.workload().toString())) {
                note(
                        "061",
                        Severity.WARNING,
                        pod.resource(),
                        "opts out of the sidecar by a label that whoever creates pods may set",
                        Evidence.of(pod.resource(), "metadata.labels.sidecar.istio.io/inject", "false"),
                        "remove the label, and have the posture's admission policy on pods refuse it",
                        "MESH-22");
            }
        }
    }

    /** Containers that run as the proxy's user or group, whose traffic the redirection leaves alone. */
    private void proxysUser(String namespace) {
        for (Pod pod : MeshExamination.classes(posture, pods, namespace).keySet()) {
            for (Node container : pod.allContainers()) {
                Node own = container.get("securityContext");
                Node shared = pod.spec().get("securityContext");
                Optional<String> field = List.of("runAsUser", "runAsGroup").stream()
                        .filter(name -> (own.get(name).isPresent() ? own : shared)
                                        .get(name)
                                        .integer()
                                        .orElse(0)
                                == PROXY_USER)
                        .findFirst();
                if (field.isPresent() && !mesh.captures().injectors(pod, container)) {
                    String name = container.get("name").textOr("");
                    Evidence evidence = Evidence.of(
                            pod.resource(),
                            own.get(field.get()).isPresent()
                                    ? "spec container " + name + " securityContext." + field.get()
                                    : "spec.securityContext." + field.get(),
                            Integer.toString(PROXY_USER));
                    notes.add(MeshFinding.OWN_USER.of(
                            Severity.WARNING,
                            "Pod " + pod.display(),
                            "has a container " + name
                                    + " that runs as the proxy's own user or group: what it sends goes"
                                    + " past the sidecar",
                            List.of(evidence),
                            MeshFinding.witness(
                                    "container " + name + " of " + pod.display() + " connects to an address",
                                    "the redirection leaves what user and group 1337 send alone",
                                    List.of(evidence))));
                }
            }
        }
    }

    /** Routes of other namespaces onto protected workloads. */
    private void routes(String namespace) {
        Set<String> services = new TreeSet<>();
        for (Pod pod : MeshExamination.classes(posture, pods, namespace).keySet()) {
            snapshot.resources(GroupKind.SERVICE, namespace).stream()
                    .filter(service -> Chains.selects(service, pod))
                    .forEach(service -> services.add(service.name()));
        }
        Map<String, String> others = otherNames(namespace, services);
        List<Resource> foreign = snapshot.resources()
                .filter(MeshNotes::isRoute)
                .filter(route -> !route.namespace().equals(namespace)) // one's own lead the gateway to its applications
                .toList();
        for (Resource route : foreign) {
            services.stream()
                    .filter(service -> leads(
                            route.spec(),
                            route.namespace(),
                            host -> names(host, route.namespace(), service, namespace)
                                    || service.equals(others.get(host))
                                    || service.equals(others.get(host + "." + route.namespace()))))
                    .findFirst()
                    .ifPresent(service -> notes.add(route(route, namespace, service)));
        }
    }

    /** Hosts by which others lead to a namespace's Services: aliases, and entries that hold their or their pods' addresses. */
    private Map<String, String> otherNames(String namespace, Set<String> services) {
        Map<String, String> hosts = new TreeMap<>();
        for (Resource alias : snapshot.resources(GroupKind.SERVICE)) {
            if (alias.spec().get("type").textOr("").equals("ExternalName")) {
                String target = alias.spec().get("externalName").textOr("");
                services.stream()
                        .filter(service -> names(target, "", service, namespace))
                        .forEach(service -> {
                            String own = alias.name() + "." + alias.namespace();
                            List.of(own, own + ".svc", own + ".svc.cluster.local")
                                    .forEach(host -> hosts.put(host, service));
                        });
            }
        }
        for (Resource entry : snapshot.resources(Kinds.SERVICE_ENTRY)) {
            Set<String> targets = new TreeSet<>(entry.spec().get("addresses").texts());
            entry.spec()
                    .get("endpoints")
                    .items()
                    .forEach(end -> targets.add(end.get("address").textOr("")));
            services.stream()
                    .filter(service -> targets.stream()
                            .anyMatch(target -> names(target, "", service, namespace)
                                    || addresses(namespace, service).contains(target)))
                    .forEach(service -> entry.spec().get("hosts").texts().forEach(host -> hosts.put(host, service)));
        }
        return hosts;
    }

    private Set<String> addresses(String namespace, String name) {
        Set<String> all = new TreeSet<>();
        snapshot.find(GroupKind.SERVICE, namespace, name).ifPresent(service -> {
            service.spec().get("clusterIP").text().ifPresent(all::add);
            pods.in(namespace).stream()
                    .filter(pod -> Chains.selects(service, pod))
                    .forEach(pod -> all.addAll(pod.ips()));
        });
        return all;
    }

    private Finding route(Resource route, String namespace, String service) {
        Evidence evidence = Evidence.of(route, "spec", "names " + service);
        return MeshFinding.ROUTE.of(
                posture.asks(Intent.RequireToken.class) ? Severity.NOTE : Severity.WARNING,
                route.display(),
                "sends traffic to Service " + namespace + "/" + service
                        + ", through a gateway under that gateway's identity",
                List.of(evidence),
                List.of(
                        Hop.of("a client outside asks a gateway that " + route.display() + " is bound to"),
                        Hop.of("the gateway connects to Service " + namespace + "/" + service, evidence)));
    }

    private static boolean isRoute(Resource resource) {
        if (resource.type().equals(Kinds.VIRTUAL_SERVICE)) {
            boolean delegate = resource.spec().get("hosts").size() == 0; // of another, which a gateway has
            return delegate
                    || resource.spec().get("gateways").texts().stream().anyMatch(gateway -> !gateway.equals("mesh"));
        }
        return Set.of(Kinds.HTTP_ROUTE, Kinds.GRPC_ROUTE, Kinds.TCP_ROUTE, Kinds.TLS_ROUTE)
                .contains(resource.type());
    }

    /** Whether a host is a Service's, as an object of a namespace names it. */
    private static boolean names(String host, String own, String service, String namespace) {
        return host.equals(service) && own.equals(namespace)
                || host.equals(service + "." + namespace)
                || host.startsWith(service + "." + namespace + ".");
    }

    /** Whether a route's tree names such a host: as a destination, or as a backend by name and namespace. */
    private static boolean leads(Node node, String own, Predicate<String> named) {
        String backend = node.get("name").textOr("");
        boolean service = node.get("port").isPresent()
                && named.test(
                        node.get("kind").textOr("").equals("Hostname")
                                ? backend
                                : backend + "." + node.get("namespace").textOr(own));
        if (named.test(node.get("host").textOr("")) || service) {
            return true;
        }
        return node.fields().values().stream().anyMatch(child -> leads(child, own, named))
                || node.items().stream().anyMatch(child -> leads(child, own, named));
    }
}
