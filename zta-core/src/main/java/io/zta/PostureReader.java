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
import java.util.regex.Pattern;

/**
 * Reads the YAML or JSON form of a posture. Every key is known or refused, and every refusal says where it stands: a
 * posture that is half understood would protect half of what was meant.
 */
final class PostureReader {
    static final String API_VERSION = "zta.io/v1alpha1";
    static final GroupKind TYPE = new GroupKind("zta.io", "ZeroTrustPosture");

    private static final Pattern DURATION = Pattern.compile("([0-9]+h)?([0-9]+m)?([0-9]+([.][0-9]{1,9})?s)?");

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
        if (isGiven(metadata) && !metadata.isObject()) {
            throw fail(metadata, "metadata must be a map, but is " + metadata);
        }
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
        Posture posture = new Posture(name(metadata.get("name")), namespaces, phase(spec.get("phase")), List.of());
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

    private String name(Node node) {
        return guarded(
                node,
                () -> Posture.checkedName(optionalText(node, "metadata.name").orElse("default")));
    }

    /** An intent and where it was asked for. */
    private record Located(Intent intent, Node node) {}

    private List<String> namespaces(Node metadata, Node list) {
        Node own = metadata.get("namespace");
        List<String> names =
                checked(own, List.of(optionalText(own, "metadata.namespace").orElse("default")));
        if (isGiven(list)) {
            names = checked(list, texts(list, "namespaces"));
        }
        return List.copyOf(new TreeSet<>(names));
    }

    private List<String> checked(Node node, List<String> names) {
        guarded(node, () -> ZeroTrust.namespaces(names.toArray(String[]::new)));
        return names;
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
            if (isGiven(workloads)) {
                found.add(new Located(
                        new Intent.Protect(
                                new Workload(Optional.empty(), labels(workloads, "workloads"), Optional.empty())),
                        workloads));
            }
            Node ports = holder.get("ports");
            if (isGiven(ports)) {
                found.add(new Located(new Intent.OnPorts(ports(ports)), ports));
            }
            Node gateway = holder.get("gateway");
            if (isGiven(gateway)) {
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
                            isGiven(allow.get("ports")) ? ports(allow.get("ports")) : List.of()),
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
            List<Port> ports = isGiven(allow.get("ports")) ? ports(allow.get("ports")) : List.of();
            if (isGiven(allow.get("addresses")) == isGiven(allow.get("to"))) {
                throw fail(allow, "an entry of denyEgress.allow needs either to: {..} or addresses: CIDR");
            }
            Intent intent = isGiven(allow.get("to"))
                    ? new Intent.AllowTo(workload(allow.get("to")), ports)
                    : new Intent.AllowToAddresses(text(allow.get("addresses"), "addresses"), ports);
            found.add(new Located(intent, allow));
        }
    }

    private void mesh(Node spec, List<Located> found) {
        flag(spec, "strictMtls", new Intent.StrictMtls(), found);
        flag(spec, "permissiveMtls", new Intent.PermissiveMtls(), found);
        Node token = spec.get("requireJwt");
        if (isGiven(token)) {
            if (!token.isObject()) {
                throw fail(token, "requireJwt must be a map with an issuer, but is " + token);
            }
            keys(token, "requireJwt", "issuer", "jwksUri", "jwks", "audiences");
            TokenIssuer issuer = guarded(
                    token,
                    () -> new TokenIssuer(
                            text(token.get("issuer"), "requireJwt.issuer"),
                            optionalText(token.get("jwksUri"), "requireJwt.jwksUri"),
                            optionalText(token.get("jwks"), "requireJwt.jwks"),
                            texts(token.get("audiences"), "requireJwt.audiences")));
            found.add(new Located(new Intent.RequireToken(issuer), token));
        }
        Node authorizer = spec.get("authorizedBy");
        if (isGiven(authorizer)) {
            found.add(new Located(new Intent.ExternalAuthorizer(text(authorizer, "authorizedBy")), authorizer));
        }
        Node security = spec.get("podSecurity");
        if (isGiven(security)) {
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
        if (isGiven(admission)) {
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
        if (isGiven(drift)) {
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
            if (DURATION.matcher(text).matches()) {
                return Duration.parse("PT" + text.toUpperCase(Locale.ROOT));
            }
            throw fail(longest, "a duration is written as in 1h, 30m or 1h30m, but this is \"" + text + "\"");
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
        if (!isGiven(node) || node.bool().isPresent() && !node.isTrue()) {
            return false;
        }
        if (node.isObject() || node.isTrue() || node.isAbsent()) {
            return true;
        }
        throw fail(node, key + " must be a map (or {} for its defaults), but is " + node);
    }

    private Optional<Gateway> gateway(Node node) {
        if (node.textOr("").equals("none")) {
            return Optional.empty();
        }
        if (!node.isObject()) {
            throw fail(node, "gateway must be a map, or none, but is " + node);
        }
        keys(node, "gateway", "kind", "namespace", "name", "class", "labels", "serviceAccount");
        Gateway.Kind kind = !isGiven(node.get("kind"))
                ? Gateway.Kind.ISTIO
                : constant(node.get("kind"), "gateway.kind", Gateway.Kind.values(), Gateway.Kind::key);
        if (kind != Gateway.Kind.GATEWAY_API && isGiven(node.get("class"))) {
            throw fail(node.get("class"), "gateway.class belongs to kind gatewayApi alone");
        }
        String namespace =
                optionalText(node.get("namespace"), "gateway.namespace").orElse("istio-system");
        String name = optionalText(node.get("name"), "gateway.name").orElse("istio-ingressgateway");
        Gateway gateway = switch (kind) {
            case ISTIO -> Gateway.istio(namespace, name);
            case HELM -> Gateway.helm(namespace, name);
            case GATEWAY_API ->
                Gateway.gatewayApi(
                        namespace,
                        name,
                        optionalText(node.get("class"), "gateway.class").orElse("istio"));
            case CUSTOM ->
                Gateway.custom(
                        namespace,
                        labels(node.get("labels"), "gateway.labels"),
                        text(node.get("serviceAccount"), "gateway.serviceAccount"));
        };
        if (kind != Gateway.Kind.CUSTOM && (isGiven(node.get("labels")) || isGiven(node.get("serviceAccount")))) {
            return Optional.of(new Gateway(
                    Gateway.Kind.CUSTOM,
                    namespace,
                    name,
                    isGiven(node.get("labels")) ? labels(node.get("labels"), "gateway.labels") : gateway.labels(),
                    optionalText(node.get("serviceAccount"), "gateway.serviceAccount")
                            .orElse(gateway.serviceAccount())));
        }
        return Optional.of(
                kind == Gateway.Kind.CUSTOM
                        ? new Gateway(
                                kind,
                                namespace,
                                optionalText(node.get("name"), "gateway.name").orElse(gateway.name()),
                                gateway.labels(),
                                gateway.serviceAccount())
                        : gateway);
    }

    private Workload workload(Node node) {
        if (!isGiven(node)) {
            return Workload.all();
        }
        if (!node.isObject()) {
            throw fail(node, "a workload must be a map, but is " + node);
        }
        keys(node, "a workload", "namespace", "labels", "serviceAccount");
        return new Workload(
                optionalText(node.get("namespace"), "namespace"),
                isGiven(node.get("labels")) ? labels(node.get("labels"), "labels") : Map.of(),
                optionalText(node.get("serviceAccount"), "serviceAccount"));
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
                    && (!isGiven(node.get("endPort")) || node.get("endPort").isInteger())) {
                Port.Protocol protocol = !isGiven(node.get("protocol"))
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
            if (isGiven(node.get("group"))) {
                return Subject.group(text(node.get("group"), "group"));
            }
            if (isGiven(node.get("user"))) {
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
        if (!isGiven(node)) {
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

    /**
     * Whether a key stands there, with whatever value. A null is given: {@code noExecFor:} with nothing behind it was meant
     * to say something, and is refused rather than read as absent.
     */
    private static boolean isGiven(Node node) {
        return node.kind() != Node.Kind.MISSING;
    }

    private List<Node> list(Node node, String what) {
        if (!isGiven(node)) {
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

    private Optional<String> optionalText(Node node, String what) {
        return isGiven(node) ? Optional.of(text(node, what)) : Optional.empty();
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
        return new PostureException(at(node) + ": " + String.valueOf(problem).replaceFirst("\\.?$", "."));
    }
}
