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

/** The requests that would undo a posture: each by itself opens what the posture closes. */
final class Deeds {
    private static final String MESH_ROOT = "istio-system";

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
    }

    private final Posture posture;
    private final Snapshot snapshot;
    private final boolean network;
    private final boolean mesh;
    private final List<Deed> deeds = new ArrayList<>();

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
            additions(namespace);
            snapshot.find(GroupKind.NAMESPACE, "", namespace).ifPresent(this::namespace);
            services(namespace);
            grants(namespace);
        }
        if (mesh) {
            create(MESH_ROOT, "peerauthentications.security.istio.io", "spec: {mtls: {mode: PERMISSIVE}}");
            change(GroupKind.CONFIG_MAP, "configmaps", "istio", "changes the configuration of the whole mesh");
            change(GroupKind.SECRET, "secrets", "istio-ca-secret", "replaces the key that signs every identity");
        }
        posture.gateway().filter(gateway -> network || mesh).ifPresent(this::gateway);
        mutations();
        return List.copyOf(deeds);
    }

    /** What the posture compiled to: changed or deleted. */
    private void own(HasMetadata object) {
        if (object.getKind().equals("Namespace")) {
            return;
        }
        Resource compiled = Snapshot.ofText("compiled", Manifests.yaml(object))
                .resources()
                .findFirst()
                .orElseThrow();
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
        for (String verb : List.of("update", "patch", "delete")) {
            add(
                    what,
                    verb,
                    resource,
                    there.namespace(),
                    there.name(),
                    verb.equals("delete") ? Optional.empty() : Optional.of(Node.object(emptied)),
                    Optional.of(there.tree()));
        }
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

    /** Objects beside the posture's own that open what they close: policies only add up. */
    private void additions(String namespace) {
        if (network) {
            create(
                    namespace,
                    "networkpolicies.networking.k8s.io",
                    "spec: {podSelector: {}, policyTypes: [Ingress], ingress: [{}]}");
        }
        if (mesh) {
            create(namespace, "peerauthentications.security.istio.io", "spec: {mtls: {mode: PERMISSIVE}}");
            create(namespace, "authorizationpolicies.security.istio.io", "spec: {action: ALLOW, rules: [{}]}");
            create(
                    namespace,
                    "requestauthentications.security.istio.io",
                    "spec: {jwtRules: [{issuer: another, jwks: '{\"keys\":[]}'}]}");
            create(namespace, "envoyfilters.networking.istio.io", "spec: {configPatches: []}");
            create(
                    namespace,
                    "sidecars.networking.istio.io",
                    "spec: {ingress: [{port: {number: 80, protocol: TCP, name: tcp}, captureMode: NONE}]}");
        }
    }

    private void create(String namespace, String resource, String rest) {
        Attributes asked = attributes("create", resource, namespace, "");
        String kind = resource.substring(0, resource.indexOf('.'));
        Node object = yaml("apiVersion: " + asked.group() + "/v1\nkind: " + kind
                + "\nmetadata: {name: opening, namespace: " + namespace + "}\n" + rest + "\n");
        deeds.add(new Deed(
                "adds to " + kind + " in " + namespace + " one that opens it",
                "API-policy",
                asked,
                Optional.of(object),
                Optional.empty()));
    }

    /** Labels of the namespace that switch injection or Pod Security off, and its deletion. */
    private void namespace(Resource namespace) {
        Map<String, Node> labels =
                new LinkedHashMap<>(namespace.tree().at("metadata", "labels").fields());
        boolean switches = labels.keySet()
                .removeIf(key -> key.startsWith("pod-security.kubernetes.io/") || key.startsWith("istio"));
        if (switches && (network || mesh)) {
            Node bare = with(namespace.tree(), List.of("metadata", "labels"), Node.object(labels));
            for (String verb : List.of("update", "patch")) {
                add(
                        "takes the labels for injection and Pod Security off namespace " + namespace.name(),
                        verb,
                        "namespaces",
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
        if (!mesh) {
            return;
        }
        for (Resource service : snapshot.resources(GroupKind.SERVICE, namespace)) {
            List<Node> ports = service.spec().get("ports").items();
            boolean leads = service.spec().get("selector").isPresent() && !ports.isEmpty();
            if (!leads) {
                continue;
            }
            Node first = with(without(ports.get(0), "appProtocol"), List.of("name"), Node.text("tcp-opaque"));
            Node renamed = with(service.tree(), List.of("spec", "ports"), Node.array(List.of(first)));
            for (String verb : List.of("update", "patch")) {
                add(
                        "calls a port of Service " + service.name() + " plain TCP, which ends every check of requests",
                        verb,
                        "services",
                        namespace,
                        service.name(),
                        Optional.of(renamed),
                        Optional.of(service.tree()));
            }
            return;
        }
    }

    /** Grants of the rights that the posture's admission policies ask for. */
    private void grants(String namespace) {
        for (String right : List.of("containers:enter", "postures:apply")) {
            String resource = right.substring(0, right.indexOf(':'));
            String verb = right.substring(right.indexOf(':') + 1);
            Node role =
                    yaml("apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: opening, namespace: "
                            + namespace + "}\nrules: [{apiGroups: [zta.io], resources: [" + resource + "], verbs: ["
                            + verb
                            + "]}]\n");
            deeds.add(new Deed(
                    "writes a role that gives " + verb + " on " + resource + ".zta.io",
                    "API-rbac",
                    attributes("create", "roles.rbac.authorization.k8s.io", namespace, ""),
                    Optional.of(role),
                    Optional.empty()));
        }
    }

    /** Whoever runs as the gateway, wears its labels or holds its token passes for it. */
    private void gateway(Gateway gateway) {
        StringBuilder pod = new StringBuilder("apiVersion: v1\nkind: Pod\nmetadata:\n  name: opening\n  namespace: ")
                .append(gateway.namespace())
                .append("\n  labels: {");
        gateway.labels()
                .forEach((key, value) -> pod.append('"')
                        .append(key)
                        .append("\": \"")
                        .append(value)
                        .append("\", "));
        pod.append("}\nspec:\n  serviceAccountName: ").append(gateway.serviceAccount());
        pod.append("\n  containers: [{name: app, image: app}]\n");
        deeds.add(new Deed(
                "runs a pod that passes for the gateway " + gateway,
                "MESH-worn",
                attributes("create", "pods", gateway.namespace(), ""),
                Optional.of(yaml(pod.toString())),
                Optional.empty()));
        if (mesh) {
            add(
                    "has a token made for the gateway's service account",
                    "create",
                    "serviceaccounts/token",
                    gateway.namespace(),
                    gateway.serviceAccount(),
                    Optional.empty(),
                    Optional.empty());
        }
        for (String entry : List.of("pods/exec", "pods/attach", "pods/portforward")) {
            for (String verb : List.of("create", "get")) {
                add(
                        "gets into the gateway's pods",
                        verb,
                        entry,
                        gateway.namespace(),
                        "",
                        Optional.empty(),
                        Optional.empty());
            }
        }
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
                : resource.endsWith("rbac.authorization.k8s.io") ? "API-rbac" : "API-policy";
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
