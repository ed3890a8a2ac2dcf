package io.zta.rbac;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.zta.Posture;
import io.zta.compile.Manifests;
import io.zta.intent.Gateway;
import io.zta.intent.Intent;
import io.zta.rbac.AdmissionVerdicts.Request;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Node;
import io.zta.snapshot.Origin;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** The requests that would undo a posture: each by itself opens what the posture closes. */
final class Deeds {
    private static final String MESH_ROOT = "istio-system";
    private static final String ENTERS = "gets into the gateway's pods";
    private static final List<String> CHANGES = List.of("update", "patch");
    private static final List<String> REMOVALS = List.of("delete", "deletecollection");
    private static final List<String> READS = List.of("get", "list", "watch");

    /** Cluster-wide kinds that let in what NetworkPolicies shut out: no namespace's guard sees them. */
    private static final List<String> TIERS = List.of(
            "adminnetworkpolicies.policy.networking.k8s.io",
            "clusternetworkpolicies.policy.networking.k8s.io",
            "ciliumclusterwidenetworkpolicies.cilium.io",
            "globalnetworkpolicies.projectcalico.org",
            "globalnetworkpolicies.crd.projectcalico.org");

    private static final String APP = "containers: [{name: app, image: app}]";

    /** Kinds that let traffic through which no other object stops, with what opens. */
    private static final Map<String, String> NETWORK_KINDS = ordered(
            "networkpolicies.networking.k8s.io",
            "spec: {podSelector: {}, policyTypes: [Ingress], ingress: [{}]}",
            "ciliumnetworkpolicies.cilium.io",
            "spec: {endpointSelector: {}, ingress: [{fromEntities: [all]}]}",
            "networkpolicies.projectcalico.org",
            "spec: {selector: all(), ingress: [{action: Allow}]}",
            "networkpolicies.crd.projectcalico.org",
            "spec: {selector: all(), ingress: [{action: Allow}]}");

    /** Kinds that say what a sidecar does with a connection, with what opens. */
    private static final Map<String, String> MESH_KINDS = ordered(
            "peerauthentications.security.istio.io",
            "spec: {mtls: {mode: PERMISSIVE}}",
            "authorizationpolicies.security.istio.io",
            "spec: {action: ALLOW, rules: [{}]}",
            "requestauthentications.security.istio.io",
            "spec: {jwtRules: [{issuer: another, jwks: '{\"keys\":[]}'}]}",
            "envoyfilters.networking.istio.io",
            "spec: {configPatches: [{applyTo: HTTP_FILTER}]}",
            "sidecars.networking.istio.io",
            "spec: {ingress: [{port: {number: 80, protocol: TCP, name: tcp}, captureMode: NONE}]}",
            "serviceentries.networking.istio.io",
            "spec: {hosts: [opening.local], ports: [{number: 80, name: tcp, protocol: TCP}], location: MESH_INTERNAL}",
            "proxyconfigs.networking.istio.io",
            "spec: {environmentVariables: {OPENING: 'true'}}",
            "wasmplugins.extensions.istio.io",
            "spec: {url: 'oci://another/plugin'}",
            "trafficextensions.extensions.istio.io",
            "spec: {wasm: {url: 'oci://another/plugin'}}",
            "telemetries.telemetry.istio.io",
            "spec: {accessLogging: [{disabled: true}]}");

    /** Kinds that make pods, with their spec around a template. */
    private static final Map<String, String> WORKLOADS = ordered(
            "pods",
            "",
            "replicationcontrollers",
            "{template: POD}",
            "deployments.apps",
            "{template: POD}",
            "daemonsets.apps",
            "{template: POD}",
            "statefulsets.apps",
            "{template: POD}",
            "replicasets.apps",
            "{template: POD}",
            "jobs.batch",
            "{template: POD}",
            "cronjobs.batch",
            "{jobTemplate: {spec: {template: POD}}}");

    private static Map<String, String> ordered(String... pairs) {
        Map<String, String> map = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            map.put(pairs[i], pairs[i + 1]);
        }
        return map;
    }

    /**
     * One request.
     *
     * @param what what it does, as a clause that follows its subject
     * @param bypass the row of the catalogue
     * @param attributes what the authorizer is asked
     * @param object the object it would store; empty where its content does not matter
     * @param old the object that is there
     */
    record Deed(String what, String bypass, Attributes attributes, Optional<Node> object, Optional<Node> old) {
        Request by(Identity identity) {
            Request request = Request.of(identity, attributes);
            return new Request(identity, attributes, request.operation(), object, old);
        }

        /** Whether it only reads, which admission is never asked about. */
        boolean isRead() {
            return READS.contains(attributes.verb()) && attributes.subresource().isEmpty();
        }
    }

    private final Posture posture;
    private final Snapshot snapshot;
    private final boolean network;
    private final boolean mesh;
    private final List<Deed> deeds = new ArrayList<>();
    /** The row of the catalogue that is being gone through. */
    private String row = "API-policy";

    private Deeds(Posture posture, Snapshot snapshot) {
        this.posture = posture;
        this.snapshot = snapshot;
        this.network = posture.asks(Intent.DenyDirectAccess.class) || posture.asks(Intent.DenyEgress.class);
        this.mesh = posture.asks(Intent.StrictMtls.class)
                || posture.asks(Intent.RequireToken.class)
                || posture.asks(Intent.ExternalAuthorizer.class);
    }

    static List<Deed> against(Posture posture, Snapshot snapshot) {
        return new Deeds(posture, snapshot).all();
    }

    private List<Deed> all() {
        posture.manifests().objects().forEach(this::own);
        for (String namespace : posture.namespaces()) {
            if (network) {
                NETWORK_KINDS.forEach((resource, spec) -> opening(namespace, resource, spec));
            }
            if (mesh) {
                MESH_KINDS.forEach((resource, spec) -> opening(namespace, resource, spec));
                services(namespace);
            }
            if (network || mesh) {
                snapshot.find(GroupKind.NAMESPACE, "", namespace).ifPresent(this::namespace);
                records(namespace);
            }
            grants(namespace);
        }
        grants("");
        if (network) {
            under("NET-tier", () -> TIERS.forEach(this::tier));
        }
        if (mesh) {
            under("MESH-worn", this::secrets);
            MESH_KINDS.keySet().stream()
                    .filter(kind -> kind.contains(".security.istio.io"))
                    .forEach(this::definition);
            MESH_KINDS.forEach((resource, spec) -> opening(MESH_ROOT, resource, spec));
            change(GroupKind.CONFIG_MAP, "configmaps", "istio", "changes the configuration of the whole mesh");
            change(GroupKind.SECRET, "secrets", "istio-ca-secret", "replaces the key that signs every identity");
            Node key = yaml("apiVersion: v1\nkind: Secret\nmetadata: {name: cacerts, namespace: " + MESH_ROOT + "}\n");
            add(
                    "brings a key of its own to sign every identity",
                    "create",
                    "secrets",
                    MESH_ROOT,
                    "",
                    Optional.of(key),
                    Optional.empty());
        }
        posture.gateway()
                .filter(gateway -> network || mesh)
                .ifPresent(gateway -> under("MESH-worn", () -> gateway(gateway)));
        mutations();
        return List.copyOf(deeds);
    }

    /** Whoever reads the key of the mesh's authority, or a token that is kept in a Secret, is whom they like. */
    private void secrets() {
        for (String name : List.of("istio-ca-secret", "cacerts")) {
            read("reads the key that signs every identity", MESH_ROOT, name);
        }
        posture.gateway().ifPresent(gateway -> {
            for (Resource secret : snapshot.resources(GroupKind.SECRET, gateway.namespace())) {
                String account = secret.annotations().getOrDefault("kubernetes.io/service-account.name", "");
                if (account.equals(gateway.serviceAccount())) {
                    read("reads the gateway's token in Secret " + secret.name(), secret.namespace(), secret.name());
                }
            }
        });
    }

    private void read(String what, String namespace, String name) {
        READS.forEach(verb -> add(what, verb, "secrets", namespace, name, Optional.empty(), Optional.empty()));
    }

    private void under(String bypass, Runnable family) {
        row = bypass;
        family.run();
        row = "API-policy";
    }

    /** What the posture compiled to: changed or deleted. */
    private void own(HasMetadata object) {
        if (object.getKind().equals("Namespace")) {
            return;
        }
        Resource compiled = Resource.of(Manifests.tree(object), Origin.MEMORY);
        Resource there = snapshot.find(compiled.type(), compiled.namespace(), compiled.name())
                .orElse(compiled);
        String group = compiled.type().group();
        String plural =
                object.getPlural() == null ? object.getKind().toLowerCase(Locale.ROOT) + "s" : object.getPlural();
        change(
                there,
                plural + (group.isEmpty() ? "" : "." + group),
                "takes away " + object.getKind() + " " + compiled.name());
    }

    private void change(Resource there, String resource, String what) {
        Map<String, Node> emptied = new LinkedHashMap<>();
        there.tree().fields().forEach((key, value) -> {
            if (Set.of("apiVersion", "kind", "metadata").contains(key)) {
                emptied.put(key, value);
            }
        });
        write(
                what,
                resource,
                there.namespace(),
                there.name(),
                Optional.of(Node.object(emptied)),
                Optional.of(there.tree()));
        remove(what, resource, there.namespace(), there.name(), Optional.of(there.tree()));
    }

    /** A change of an object, by either verb: RBAC grants them apart. */
    private void write(
            String what, String resource, String namespace, String name, Optional<Node> object, Optional<Node> old) {
        CHANGES.forEach(verb -> add(what, verb, resource, namespace, name, object, old));
    }

    /** An object deleted, by itself or as a collection of one: a field selector gives that request its name. */
    private void remove(String what, String resource, String namespace, String name, Optional<Node> old) {
        REMOVALS.forEach(verb -> add(what, verb, resource, namespace, name, Optional.empty(), old));
    }

    private void tier(String resource) {
        String plural = resource.substring(0, resource.indexOf('.'));
        String what = "writes one of the " + plural + ", which let in what NetworkPolicies shut out";
        for (String verb : List.of("create", "update", "patch")) {
            add(what, verb, resource, "", "", Optional.empty(), Optional.empty());
        }
    }

    /** A kind taken away takes every object of it along. */
    private void definition(String kind) {
        String what = "takes away the kind " + kind + ", and every policy of it";
        String definitions = "customresourcedefinitions.apiextensions.k8s.io";
        write(what, definitions, "", kind, Optional.empty(), Optional.empty());
        remove(what, definitions, "", kind, Optional.empty());
    }

    /** The same for an object of the mesh, whether or not the snapshot has it. */
    private void change(GroupKind kind, String resource, String name, String what) {
        change(
                snapshot.find(kind, MESH_ROOT, name)
                        .orElseGet(() -> Resource.of(
                                yaml("apiVersion: v1\nkind: " + kind.kind() + "\nmetadata: {name: " + name
                                        + ", namespace: " + MESH_ROOT + "}\ndata: {}\n"),
                                Origin.MEMORY)),
                resource,
                what);
    }

    /** An object beside the posture's own that opens what they close: written anew, or one that was harmless changed. */
    private void opening(String namespace, String resource, String rest) {
        Attributes asked = attributes("create", resource, namespace, "");
        String head = "apiVersion: " + asked.group() + "/v1\nkind: " + asked.resource()
                + "\nmetadata: {name: opening, namespace: " + namespace + "}\n";
        String what = "adds to " + asked.resource() + " in " + namespace + " one that opens it";
        Node object = yaml(head + rest + "\n");
        add(what, "create", resource, namespace, "", Optional.of(object), Optional.empty());
        write(what, resource, namespace, "opening", Optional.of(object), Optional.of(yaml(head)));
    }

    /** What the library keeps in the namespace: without it a posture can't be rolled back, or never be applied. */
    private void records(String namespace) {
        for (String resource : List.of("configmaps", "leases.coordination.k8s.io")) {
            Attributes asked = attributes("create", resource, namespace, "");
            Node object = yaml("apiVersion: " + (asked.group().isEmpty() ? "v1" : asked.group() + "/v1") + "\nkind: "
                    + asked.resource() + "\nmetadata: {name: zta-record, namespace: " + namespace + "}\n");
            String what = "changes the library's own records in " + namespace;
            add(what, "create", resource, namespace, "", Optional.of(object), Optional.empty());
            write(what, resource, namespace, "zta-record", Optional.of(object), Optional.of(object));
            remove(what, resource, namespace, "zta-record", Optional.of(object));
        }
    }

    /** Labels of the namespace that switch injection or Pod Security off, and its deletion. */
    private void namespace(Resource namespace) {
        Map<String, Node> labels =
                new LinkedHashMap<>(namespace.tree().at("metadata", "labels").fields());
        boolean switches = labels.keySet()
                .removeIf(key -> key.startsWith("pod-security.kubernetes.io/") || key.startsWith("istio"));
        if (switches) {
            Node bare = with(namespace.tree(), List.of("metadata", "labels"), Node.object(labels));
            for (String resource : List.of("namespaces", "namespaces/status", "namespaces/finalize")) {
                write(
                        "takes the labels for injection and Pod Security off namespace " + namespace.name(),
                        resource,
                        "",
                        namespace.name(),
                        Optional.of(bare),
                        Optional.of(namespace.tree()));
            }
        }
        if (network || mesh) {
            add(
                    "deletes namespace " + namespace.name() + " with all that protects it",
                    "delete",
                    "namespaces",
                    "",
                    namespace.name(),
                    Optional.empty(),
                    Optional.of(namespace.tree()));
        }
    }

    /** A port of a protected Service called plain TCP: the sidecar no longer looks at requests. */
    private void services(String namespace) {
        for (Resource service : snapshot.resources(GroupKind.SERVICE, namespace)) {
            List<Node> ports = service.spec().get("ports").items();
            boolean leads = service.spec().get("selector").isPresent() && !ports.isEmpty();
            if (!leads) {
                continue;
            }
            Node first = with(without(ports.get(0), "appProtocol"), List.of("name"), Node.text("tcp-opaque"));
            Node renamed = with(service.tree(), List.of("spec", "ports"), Node.array(List.of(first)));
            add(
                    "puts a Service with a plain TCP port before the pods, which ends every check of requests",
                    "create",
                    "services",
                    namespace,
                    "",
                    Optional.of(renamed),
                    Optional.empty());
            write(
                    "calls a port of Service " + service.name() + " plain TCP, which ends every check of requests",
                    "services",
                    namespace,
                    service.name(),
                    Optional.of(renamed),
                    Optional.of(service.tree()));
            return;
        }
    }

    /** Grants of the rights that the posture's admission policies ask for; of every namespace for the empty name. */
    private void grants(String namespace) {
        String scope = namespace.isEmpty() ? "Cluster" : "";
        String plural = namespace.isEmpty() ? "cluster" : "";
        String metadata = "metadata: {name: opening" + (namespace.isEmpty() ? "" : ", namespace: " + namespace) + "}\n";
        for (String right : List.of("enter containers", "apply postures")) {
            String[] words = right.split(" ");
            Node role = yaml("apiVersion: rbac.authorization.k8s.io/v1\nkind: " + scope + "Role\n" + metadata
                    + "rules: [{apiGroups: [zta.io], resources: [" + words[1] + "], verbs: [" + words[0] + "]}]\n");
            Node plain = yaml("apiVersion: rbac.authorization.k8s.io/v1\nkind: " + scope + "Role\n" + metadata);
            String resource = plural + "roles.rbac.authorization.k8s.io";
            String what = "writes a role that gives " + words[0] + " on " + words[1] + ".zta.io";
            add(what, "create", resource, namespace, "", Optional.of(role), Optional.empty());
            write(what, resource, namespace, "opening", Optional.of(role), Optional.of(plain));
        }
        Node binding = yaml("apiVersion: rbac.authorization.k8s.io/v1\nkind: " + scope + "RoleBinding\n" + metadata
                + "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}\n"
                + "subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: another}]\n");
        String resource = plural + "rolebindings.rbac.authorization.k8s.io";
        String what = "binds somebody to cluster-admin";
        add(what, "create", resource, namespace, "", Optional.of(binding), Optional.empty());
        write(what, resource, namespace, "opening", Optional.of(binding), Optional.of(binding));
    }

    /** Whoever runs as the gateway, wears its labels, holds its token or gets into its pods passes for it. */
    private void gateway(Gateway gateway) {
        String namespace = gateway.namespace();
        if (!posture.namespaces().contains(namespace)) {
            grants(namespace);
        }
        String account = "serviceAccountName: " + gateway.serviceAccount() + ", ";
        Map<String, String> pods = new LinkedHashMap<>();
        pods.put(
                "runs as the gateway " + gateway,
                "{metadata: {labels: {app: another}}, spec: {" + account + APP + "}}");
        if (!gateway.labels().isEmpty()) {
            String labels = gateway.labels().entrySet().stream()
                    .map(label -> "\"" + label.getKey() + "\": \"" + label.getValue() + "\"")
                    .collect(Collectors.joining(", "));
            pods.put(
                    "wears the labels of the gateway " + gateway,
                    "{metadata: {labels: {" + labels + "}}, spec: {" + APP + "}}");
        }
        String harmless = "{metadata: {labels: {app: another}}, spec: {" + APP + "}}";
        pods.forEach((what, pod) -> WORKLOADS.forEach((resource, wrapped) -> {
            Node object = workload(resource, wrapped, pod, namespace);
            Node before = workload(resource, wrapped, harmless, namespace);
            String says = "has a pod that " + what;
            add(says, "create", resource, namespace, "", Optional.of(object), Optional.empty());
            write(says, resource, namespace, "opening", Optional.of(object), Optional.of(before));
        }));
        if (mesh) {
            add(
                    "has a token made for the gateway's service account",
                    "create",
                    "serviceaccounts/token",
                    namespace,
                    gateway.serviceAccount(),
                    Optional.empty(),
                    Optional.empty());
            Node secret = yaml("apiVersion: v1\nkind: Secret\ntype: kubernetes.io/service-account-token\n"
                    + "metadata: {name: opening, namespace: " + namespace + ", annotations:"
                    + " {kubernetes.io/service-account.name: " + gateway.serviceAccount() + "}}\n");
            String what = "has a Secret filled with the gateway's token";
            Node opaque = yaml("apiVersion: v1\nkind: Secret\ntype: Opaque\nmetadata: {name: opening, namespace: "
                    + namespace + "}\n");
            add(what, "create", "secrets", namespace, "", Optional.of(secret), Optional.empty());
            write(what, "secrets", namespace, "opening", Optional.of(secret), Optional.of(opaque));
        }
        for (String entry : List.of("pods/exec", "pods/attach", "pods/portforward", "pods/proxy", "services/proxy")) {
            for (String verb : List.of("create", "get")) {
                add(ENTERS, verb, entry, namespace, "", Optional.empty(), Optional.empty());
            }
        }
        write(ENTERS, "pods/ephemeralcontainers", namespace, "", Optional.empty(), Optional.empty());
    }

    private static Node workload(String resource, String wrapped, String pod, String namespace) {
        Attributes asked = attributes("create", resource, namespace, "");
        Node tree = yaml("apiVersion: " + (asked.group().isEmpty() ? "v1" : asked.group() + "/v1") + "\nkind: "
                + asked.resource() + "\nmetadata: {name: opening, namespace: " + namespace + "}\n"
                + (wrapped.isEmpty() ? "spec: {}" : "spec: " + wrapped.replace("POD", pod)) + "\n");
        if (!wrapped.isEmpty()) {
            return tree;
        }
        Node bare = yaml("apiVersion: v1\nkind: Pod\n"
                + pod.substring(1, pod.length() - 1)
                        .replaceFirst("metadata: \\{", "metadata: {name: opening, namespace: " + namespace + ", ")
                        .replaceFirst(", spec:", "\nspec:")
                + "\n");
        return bare;
    }

    /** Admission that rewrites requests; no policy sees these kinds. */
    private void mutations() {
        for (String plural : List.of("mutatingwebhookconfigurations", "mutatingadmissionpolicies")) {
            for (String verb : List.of("create", "update", "patch")) {
                add(
                        "has admission rewrite pods and policies (" + plural + ")",
                        verb,
                        plural + ".admissionregistration.k8s.io",
                        "",
                        "",
                        Optional.empty(),
                        Optional.empty());
            }
        }
    }

    private void add(
            String what,
            String verb,
            String resource,
            String namespace,
            String name,
            Optional<Node> object,
            Optional<Node> old) {
        String bypass = resource.endsWith("admissionregistration.k8s.io")
                ? "API-webhook"
                : resource.endsWith("rbac.authorization.k8s.io") ? "API-rbac" : row;
        deeds.add(new Deed(what, bypass, attributes(verb, resource, namespace, name), object, old));
    }

    private static Attributes attributes(String verb, String resource, String namespace, String name) {
        int dot = resource.indexOf('.');
        String group = dot < 0 ? "" : resource.substring(dot + 1);
        return Attributes.of(verb, group, dot < 0 ? resource : resource.substring(0, dot), namespace, name);
    }

    private static Node yaml(String text) {
        return Snapshot.ofText("a request", text)
                .resources()
                .findFirst()
                .orElseThrow()
                .tree();
    }

    private static Node without(Node object, String field) {
        Map<String, Node> fields = new LinkedHashMap<>(object.fields());
        fields.remove(field);
        return Node.object(fields);
    }

    private static Node with(Node object, List<String> path, Node value) {
        Map<String, Node> fields = new LinkedHashMap<>(object.fields());
        String first = path.get(0);
        fields.put(first, path.size() == 1 ? value : with(object.get(first), path.subList(1, path.size()), value));
        return Node.object(fields);
    }
}
