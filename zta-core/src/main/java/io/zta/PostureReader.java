package io.zta;

import io.zta.intent.Enforcement;
import io.zta.intent.Gateway;
import io.zta.intent.Intent;
import io.zta.intent.Phase;
import io.zta.intent.PodSecurity;
import io.zta.intent.Port;
import io.zta.intent.PostureException;
import io.zta.intent.Subject;
import io.zta.intent.TokenIssuer;
import io.zta.intent.Workload;
import io.zta.snapshot.Damage;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Node;
import io.zta.snapshot.Origin;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import io.zta.snapshot.SnapshotException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;

/**
 * Reads the YAML or JSON form of a posture. Every key is known or refused, and every refusal says where it stands: a
 * posture that is half understood would protect half of what was meant.
 */
final class PostureReader {
    static final String API_VERSION = "zta.io/v1alpha1";
    static final GroupKind TYPE = new GroupKind("zta.io", "ZeroTrustPosture");

    private final Origin origin;

    private PostureReader(Origin origin) {
        this.origin = origin;
    }

    static Posture read(Path file) {
        try {
            return only(file.toString(), Snapshot.of(file));
        } catch (SnapshotException e) {
            throw new PostureException("Cannot read a posture: " + e.getMessage());
        }
    }

    static Posture parse(String source, String text) {
        return only(source, Snapshot.ofText(source, text));
    }

    private static Posture only(String source, Snapshot snapshot) {
        if (!snapshot.damages().isEmpty()) {
            Damage damage = snapshot.damages().get(0);
            throw new PostureException(damage.origin() + ": " + damage.problem() + ". Correct it and try again.");
        }
        List<Resource> postures = snapshot.resources(TYPE);
        if (postures.size() != 1 || snapshot.resources().count() != 1) {
            String found = snapshot.isEmpty() ? "nothing of the kind" : String.valueOf(snapshot.counts());
            throw new PostureException(source + ": expected one document of apiVersion " + API_VERSION
                    + ", kind ZeroTrustPosture; found " + found + ".");
        }
        return of(postures.get(0));
    }

    static Posture of(Resource resource) {
        return new PostureReader(resource.origin()).posture(resource);
    }

    private Posture posture(Resource resource) {
        Node tree = resource.tree();
        if (!resource.apiVersion().equals(API_VERSION)) {
            throw fail(tree.get("apiVersion"), "apiVersion must be " + API_VERSION);
        }
        keys(tree, "the posture", "apiVersion", "kind", "metadata", "spec", "status");
        Node metadata = tree.get("metadata");
        Node spec = tree.get("spec");
        if (!spec.isObject()) {
            throw fail(tree, "a posture needs a spec");
        }
        keys(
                spec,
                "spec",
                "namespaces",
                "workloads",
                "ports",
                "gateway",
                "denyDirectAccess",
                "allow",
                "allowWithinNamespace",
                "denyEgress",
                "strictMtls",
                "permissiveMtls",
                "requireJwt",
                "authorizedBy",
                "podSecurity",
                "noExecFor",
                "keepExecFor",
                "denyByNameOnly",
                "admission",
                "guard",
                "audit",
                "breakGlass",
                "phase",
                "drift");
        List<String> namespaces = namespaces(metadata, spec.get("namespaces"));
        Posture posture =
                new Posture(metadata.get("name").textOr("default"), namespaces, phase(spec.get("phase")), List.of());
        for (Located intent : intents(spec)) {
            try {
                posture = posture.and(intent.intent());
            } catch (PostureException e) {
                throw new PostureException(at(intent.node()) + ": " + e.getMessage());
            }
        }
        if (posture.intents().isEmpty()) {
            throw fail(spec, "this posture asks for nothing: add a protection such as denyDirectAccess: {}");
        }
        return posture;
    }

    /** An intent and where it was asked for. */
    private record Located(Intent intent, Node node) {}

    private List<String> namespaces(Node metadata, Node list) {
        List<String> names = new ArrayList<>();
        if (list.isPresent()) {
            for (Node name : list(list, "namespaces")) {
                names.add(text(name, "a namespace"));
            }
        } else {
            names.add(metadata.get("namespace").textOr("default"));
        }
        try {
            ZeroTrust.namespaces(names.toArray(String[]::new));
        } catch (PostureException e) {
            throw fail(list.isPresent() ? list : metadata, e.getMessage());
        }
        return List.copyOf(new TreeSet<>(names));
    }

    private List<Located> intents(Node spec) {
        List<Located> found = new ArrayList<>();
        Node direct = spec.get("denyDirectAccess");
        if (asked(direct, "denyDirectAccess")) {
            keys(direct, "denyDirectAccess", "workloads", "ports", "gateway");
            found.add(new Located(new Intent.DenyDirectAccess(), direct));
        }
        for (Node holder : List.of(spec, direct)) {
            Node workloads = holder.get("workloads");
            if (workloads.isPresent()) {
                found.add(new Located(
                        new Intent.Protect(
                                new Workload(Optional.empty(), labels(workloads, "workloads"), Optional.empty())),
                        workloads));
            }
            Node ports = holder.get("ports");
            if (ports.isPresent()) {
                found.add(new Located(new Intent.OnPorts(ports(ports)), ports));
            }
            Node gateway = holder.get("gateway");
            if (!gateway.equals(Node.missing())) {
                found.add(new Located(new Intent.Through(gateway(gateway)), gateway));
            }
        }
        allows(spec, found);
        egress(spec.get("denyEgress"), found);
        mesh(spec, found);
        api(spec, found);
        return found;
    }

    private void allows(Node spec, List<Located> found) {
        Node within = spec.get("allowWithinNamespace");
        if (asked(within, "allowWithinNamespace")) {
            keys(within, "allowWithinNamespace");
            found.add(new Located(new Intent.Allow(Workload.all(), Workload.all(), List.of()), within));
        }
        for (Node allow : list(spec.get("allow"), "allow")) {
            keys(allow, "allow", "from", "to", "ports");
            if (!allow.get("from").isObject()) {
                throw fail(allow, "an entry of allow needs from: {..}");
            }
            found.add(new Located(
                    new Intent.Allow(
                            workload(allow.get("from")),
                            workload(allow.get("to")),
                            allow.get("ports").isPresent() ? ports(allow.get("ports")) : List.of()),
                    allow));
        }
    }

    private void egress(Node egress, List<Located> found) {
        if (!asked(egress, "denyEgress")) {
            return;
        }
        keys(egress, "denyEgress", "allow");
        found.add(new Located(new Intent.DenyEgress(), egress));
        for (Node allow : list(egress.get("allow"), "denyEgress.allow")) {
            keys(allow, "denyEgress.allow", "to", "addresses", "ports");
            List<Port> ports = allow.get("ports").isPresent() ? ports(allow.get("ports")) : List.of();
            if (allow.get("addresses").isPresent() == allow.get("to").isPresent()) {
                throw fail(allow, "an entry of denyEgress.allow needs either to: {..} or addresses: CIDR");
            }
            Intent intent = allow.get("to").isPresent()
                    ? new Intent.AllowTo(workload(allow.get("to")), ports)
                    : new Intent.AllowToAddresses(text(allow.get("addresses"), "addresses"), ports);
            found.add(new Located(intent, allow));
        }
    }

    private void mesh(Node spec, List<Located> found) {
        flag(spec, "strictMtls", new Intent.StrictMtls(), found);
        flag(spec, "permissiveMtls", new Intent.PermissiveMtls(), found);
        Node token = spec.get("requireJwt");
        if (token.isPresent()) {
            keys(token, "requireJwt", "issuer", "jwksUri", "jwks", "audiences");
            TokenIssuer issuer = guarded(
                    token,
                    () -> new TokenIssuer(
                            text(token.get("issuer"), "requireJwt.issuer"),
                            token.get("jwksUri").text(),
                            token.get("jwks").text(),
                            texts(token.get("audiences"), "requireJwt.audiences")));
            found.add(new Located(new Intent.RequireToken(issuer), token));
        }
        Node authorizer = spec.get("authorizedBy");
        if (authorizer.isPresent()) {
            found.add(new Located(new Intent.ExternalAuthorizer(text(authorizer, "authorizedBy")), authorizer));
        }
        Node security = spec.get("podSecurity");
        if (security.isPresent()) {
            found.add(new Located(
                    new Intent.EnforcePodSecurity(
                            constant(security, "podSecurity", PodSecurity.values(), PodSecurity::key)),
                    security));
        }
    }

    private void api(Node spec, List<Located> found) {
        for (Node subject : list(spec.get("noExecFor"), "noExecFor")) {
            found.add(new Located(new Intent.NoExec(subject(subject)), subject));
        }
        for (Node subject : list(spec.get("keepExecFor"), "keepExecFor")) {
            found.add(new Located(new Intent.KeepEntry(subject(subject)), subject));
        }
        flag(spec, "denyByNameOnly", new Intent.DenyEntryByName(), found);
        Node admission = spec.get("admission");
        if (admission.isPresent()) {
            found.add(new Located(
                    new Intent.Admission(constant(admission, "admission", Enforcement.values(), Enforcement::key)),
                    admission));
        }
        Node guard = spec.get("guard");
        if (guard.bool().isPresent() && !guard.isTrue()) {
            found.add(new Located(new Intent.Unguarded(), guard));
        } else if (asked(guard, "guard")) {
            keys(guard, "guard", "appliedBy");
            for (Node subject : list(guard.get("appliedBy"), "guard.appliedBy")) {
                found.add(new Located(new Intent.Applier(subject(subject)), subject));
            }
        }
        flag(spec, "audit", new Intent.Audit(), found);
        for (Node glass : list(spec.get("breakGlass"), "breakGlass")) {
            keys(glass, "breakGlass", "subject", "longest", "approvers");
            List<Subject> approvers = list(glass.get("approvers"), "approvers").stream()
                    .map(this::subject)
                    .toList();
            found.add(new Located(
                    new Intent.BreakGlass(subject(glass.get("subject")), duration(glass), approvers), glass));
        }
        Node drift = spec.get("drift");
        if (drift.isPresent()) {
            String value = text(drift, "drift");
            if (!value.equals("repair") && !value.equals("report")) {
                throw fail(drift, "drift must be report or repair, but is " + drift);
            }
            if (value.equals("repair")) {
                found.add(new Located(new Intent.RepairDrift(), drift));
            }
        }
    }

    private Duration duration(Node glass) {
        Node longest = glass.get("longest");
        String text = text(longest, "breakGlass.longest");
        try {
            return Duration.parse("PT" + text.toUpperCase(Locale.ROOT));
        } catch (DateTimeParseException e) {
            throw fail(longest, "a duration is written as in 1h, 30m or 1h30m, but this is \"" + text + "\"");
        }
    }

    private void flag(Node spec, String key, Intent intent, List<Located> found) {
        Node node = spec.get(key);
        if (asked(node, key)) {
            keys(node, key);
            found.add(new Located(intent, node));
        }
    }

    /** A protection is asked for by {@code {}}, an empty value or {@code true}, and left out by {@code false}. */
    private boolean asked(Node node, String key) {
        if (node.equals(Node.missing()) || node.bool().isPresent() && !node.isTrue()) {
            return false;
        }
        if (node.isObject() || node.isTrue() || node.isAbsent()) {
            return true;
        }
        throw fail(node, key + " must be a map (or {} for its defaults), but is " + node);
    }

    private Optional<Gateway> gateway(Node node) {
        if (node.isAbsent() || node.textOr("").equals("none")) {
            return Optional.empty();
        }
        keys(node, "gateway", "kind", "namespace", "name", "class", "labels", "serviceAccount");
        Gateway.Kind kind = node.get("kind").isAbsent()
                ? Gateway.Kind.ISTIO
                : constant(node.get("kind"), "gateway.kind", Gateway.Kind.values(), Gateway.Kind::key);
        String namespace = node.get("namespace").textOr("istio-system");
        String name = node.get("name").textOr("istio-ingressgateway");
        Gateway gateway = switch (kind) {
            case ISTIO -> Gateway.istio(namespace, name);
            case HELM -> Gateway.helm(namespace, name);
            case GATEWAY_API ->
                Gateway.gatewayApi(namespace, name, node.get("class").textOr("istio"));
            case CUSTOM ->
                Gateway.custom(
                        namespace,
                        labels(node.get("labels"), "gateway.labels"),
                        text(node.get("serviceAccount"), "gateway.serviceAccount"));
        };
        if (kind != Gateway.Kind.CUSTOM
                && (node.get("labels").isPresent() || node.get("serviceAccount").isPresent())) {
            return Optional.of(new Gateway(
                    Gateway.Kind.CUSTOM,
                    namespace,
                    name,
                    node.get("labels").isPresent() ? labels(node.get("labels"), "gateway.labels") : gateway.labels(),
                    node.get("serviceAccount").textOr(gateway.serviceAccount())));
        }
        return Optional.of(
                kind == Gateway.Kind.CUSTOM
                        ? new Gateway(
                                kind,
                                namespace,
                                node.get("name").textOr(gateway.name()),
                                gateway.labels(),
                                gateway.serviceAccount())
                        : gateway);
    }

    private Workload workload(Node node) {
        if (node.isAbsent()) {
            return Workload.all();
        }
        keys(node, "a workload", "namespace", "labels", "serviceAccount");
        return new Workload(
                node.get("namespace").text(),
                node.get("labels").isPresent() ? labels(node.get("labels"), "labels") : Map.of(),
                node.get("serviceAccount").text());
    }

    private Map<String, String> labels(Node node, String what) {
        if (!node.isObject()
                || node.size() == 0
                || !node.fields().values().stream().allMatch(Node::isScalar)) {
            throw fail(node, what + " must be a map of labels, such as {app: orders}, but is " + node);
        }
        return node.textMap();
    }

    private List<Port> ports(Node node) {
        List<Port> ports = new ArrayList<>();
        for (Node port : list(node, "ports")) {
            ports.add(guarded(port, () -> port(port)));
        }
        if (ports.isEmpty()) {
            throw fail(node, "ports is empty: name a port, or leave ports out for all");
        }
        return ports;
    }

    private Port port(Node node) {
        OptionalInt number = node.integer();
        if (number.isPresent()) {
            return Port.tcp(number.getAsInt());
        }
        if (node.isObject()) {
            keys(node, "a port", "port", "endPort", "protocol");
            OptionalInt first = node.get("port").integer();
            if (first.isPresent()
                    && (node.get("endPort").isAbsent() || node.get("endPort").isInteger())) {
                Port.Protocol protocol = node.get("protocol").isAbsent()
                        ? Port.Protocol.TCP
                        : constant(node.get("protocol"), "protocol", Port.Protocol.values(), Port.Protocol::name);
                return new Port(
                        protocol,
                        first.getAsInt(),
                        node.get("endPort").integer().orElse(first.getAsInt()));
            }
        }
        throw fail(node, "a port is a number, or {port: 53, protocol: UDP, endPort: ..}, but is " + node);
    }

    private Subject subject(Node node) {
        keys(node, "a subject", "group", "user", "serviceAccount");
        if (node.size() != 1) {
            throw fail(node, "a subject is one of {group: NAME}, {user: NAME}, {serviceAccount: NAMESPACE/NAME}");
        }
        return guarded(node, () -> {
            if (node.get("group").isPresent()) {
                return Subject.group(text(node.get("group"), "group"));
            }
            if (node.get("user").isPresent()) {
                return Subject.user(text(node.get("user"), "user"));
            }
            String account = text(node.get("serviceAccount"), "serviceAccount");
            int slash = account.indexOf('/');
            if (slash <= 0 || slash == account.length() - 1) {
                throw fail(node, "a service account is written NAMESPACE/NAME, but this is \"" + account + "\"");
            }
            return Subject.serviceAccount(account.substring(0, slash), account.substring(slash + 1));
        });
    }

    private Phase phase(Node node) {
        if (node.isAbsent()) {
            return Phase.AUDIT;
        }
        OptionalInt number = node.integer();
        if (number.isPresent() && number.getAsInt() >= 0 && number.getAsInt() < Phase.values().length) {
            return Phase.values()[number.getAsInt()];
        }
        return constant(node, "phase", Phase.values(), Phase::key);
    }

    // --- shapes ---------------------------------------------------------------------------------------------------

    private <T> T constant(Node node, String what, T[] values, Function<T, String> key) {
        String text = text(node, what);
        return Arrays.stream(values)
                .filter(value -> key.apply(value).equals(text))
                .findFirst()
                .orElseThrow(() -> fail(
                        node,
                        what + " must be one of "
                                + Arrays.stream(values).map(key).toList() + ", but is " + node));
    }

    private List<Node> list(Node node, String what) {
        if (node.isAbsent()) {
            return List.of();
        }
        if (!node.isArray()) {
            throw fail(node, what + " must be a list, but is " + node);
        }
        return node.items();
    }

    private List<String> texts(Node node, String what) {
        return list(node, what).stream().map(item -> text(item, what)).toList();
    }

    private String text(Node node, String what) {
        return node.text()
                .filter(text -> !text.isBlank())
                .orElseThrow(() -> fail(node, what + " must be text, but is " + node));
    }

    private void keys(Node node, String what, String... known) {
        if (!node.isObject() && node.isPresent() && !node.isTrue()) {
            throw fail(node, what + " must be a map, but is " + node);
        }
        Set<String> names = new TreeSet<>(List.of(known));
        for (Map.Entry<String, Node> field : node.fields().entrySet()) {
            if (!names.contains(field.getKey())) {
                throw fail(
                        field.getValue(),
                        "unknown key \"" + field.getKey() + "\" in " + what
                                + (names.isEmpty() ? ", which takes none" : "; known are " + String.join(", ", names)));
            }
        }
    }

    /** Adds the place to what a value's own constructor refuses. */
    private <T> T guarded(Node node, java.util.function.Supplier<T> supplier) {
        try {
            return supplier.get();
        } catch (PostureException e) {
            throw String.valueOf(e.getMessage()).startsWith(origin.source()) ? e : fail(node, e.getMessage());
        }
    }

    private String at(Node node) {
        return (node.line() == 0 ? origin : origin.at(node.line(), node.column())).toString();
    }

    private PostureException fail(Node node, @org.jspecify.annotations.Nullable String problem) {
        return new PostureException(at(node) + ": " + problem + ".");
    }
}
