package io.zta.verify;

import io.zta.Intents;
import io.zta.NamespaceStage;
import io.zta.Posture;
import io.zta.ZeroTrust;
import io.zta.compile.Marks;
import io.zta.intent.Gateway;
import io.zta.intent.PostureException;
import io.zta.intent.Subject;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Node;
import io.zta.snapshot.Pod;
import io.zta.snapshot.Pods;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a snapshot itself claims to protect, where nobody gives a posture: its own ZeroTrustPosture documents; without any,
 * a posture for each namespace with objects of a posture, with a default deny or a policy for a gateway, or with STRICT
 * mTLS. A rule with {@code pods/exec} and no verb is taken for what its author meant: a denial for those it is bound to.
 */
public final class ImpliedPostures {
    private static final Pattern CALL = Pattern.compile("(\\w+)\\(([^()]*)\\)");
    private static final Set<String> GATEWAY_LABELS = Set.of("istio", "app", "gateway.networking.k8s.io/gateway-name");

    private final Snapshot snapshot;
    private final Map<String, Set<String>> calls = new TreeMap<>();

    private ImpliedPostures(Snapshot snapshot) {
        this.snapshot = snapshot;
    }

    /**
     * The postures a snapshot implies, sorted by namespace; empty where it claims nothing.
     *
     * @throws PostureException if a posture document can't be read, or objects of a posture ask for what can't be told
     *     from them
     */
    public static List<Posture> of(Snapshot snapshot) {
        List<Posture> written = Posture.allIn(snapshot);
        return written.isEmpty() ? new ImpliedPostures(snapshot).read() : written;
    }

    private List<Posture> read() {
        snapshot.resources().forEach(this::ownObject);
        snapshot.resources(GroupKind.NETWORK_POLICY).forEach(this::networkPolicy);
        snapshot.resources(GroupKind.PEER_AUTHENTICATION).forEach(this::peerAuthentication);
        calls.keySet().removeIf(namespace -> namespace.startsWith("kube-") || namespace.equals("istio-system"));
        Set<String> barred = barredFromExec();
        boolean audited = audited();
        Optional<Gateway> gateway = gateway();
        List<Posture> postures = new ArrayList<>();
        calls.forEach((namespace, asked) -> {
            if (asked.stream().noneMatch(call -> call.startsWith("noExecFor("))) {
                asked.addAll(barred);
            }
            if (audited && asked.stream().anyMatch(call -> call.startsWith("noExecFor("))) {
                asked.add("audit()");
            }
            if (!asked.isEmpty()) {
                postures.add(posture(namespace, asked, gateway));
            }
        });
        return postures;
    }

    private void ask(String namespace, String call) {
        calls.computeIfAbsent(namespace, key -> new TreeSet<>()).add(call);
    }

    /** An object of a posture says which calls asked for it. */
    private void ownObject(Resource resource) {
        String posture = resource.annotations().getOrDefault(Marks.POSTURE, "");
        boolean own = Marks.MANAGER.equals(resource.labels().get(Marks.MANAGED_BY)) && !posture.isEmpty();
        if (!own) {
            return;
        }
        String namespace =
                resource.namespace().isEmpty() || !snapshot.namespaces().contains(resource.namespace())
                        ? posture.substring(0, Math.max(0, posture.indexOf('/')))
                        : posture.startsWith(resource.namespace() + "/")
                                ? resource.namespace()
                                : posture.substring(0, Math.max(0, posture.indexOf('/')));
        Matcher matcher = CALL.matcher(resource.annotations().getOrDefault(Marks.ASKED_BY, ""));
        while (matcher.find() && !namespace.isEmpty()) {
            ask(namespace, matcher.group());
            ask(namespace, "guard");
        }
    }

    private void networkPolicy(Resource policy) {
        Node spec = policy.spec();
        boolean ingress = !spec.get("policyTypes").isPresent()
                || spec.get("policyTypes").texts().contains("Ingress");
        if (!ingress) {
            return;
        }
        boolean denies = spec.get("podSelector").size() == 0
                && spec.get("ingress").items().isEmpty();
        boolean admitsGateway = spec.get("ingress").items().stream()
                .flatMap(rule -> rule.get("from").items().stream())
                .anyMatch(ImpliedPostures::meansGateway);
        if (denies || admitsGateway) {
            ask(policy.namespace(), "denyDirectAccess()");
        }
    }

    private static boolean meansGateway(Node peer) {
        return peer.at("podSelector", "matchLabels").textMap().entrySet().stream()
                .anyMatch(label -> GATEWAY_LABELS.contains(label.getKey())
                        && (label.getValue().endsWith("gateway")
                                || label.getKey().endsWith("gateway-name")));
    }

    private void peerAuthentication(Resource policy) {
        boolean strict = policy.spec().at("mtls", "mode").textOr("").equals("STRICT");
        boolean whole = policy.spec().at("selector", "matchLabels").size() == 0;
        if (!strict) {
            return;
        }
        if (policy.namespace().equals("istio-system") && whole) {
            for (String namespace : snapshot.namespaces()) {
                Map<String, String> labels = snapshot.namespaceLabels(namespace);
                if ("enabled".equals(labels.get("istio-injection")) || labels.containsKey("istio.io/rev")) {
                    ask(namespace, "strictMtls()");
                }
            }
        } else {
            ask(policy.namespace(), "strictMtls()");
        }
    }

    /** RBAC has no denial, but whoever wrote a rule for pods/exec without a verb meant one. */
    private Set<String> barredFromExec() {
        Set<String> barred = new TreeSet<>();
        for (GroupKind kind : List.of(GroupKind.CLUSTER_ROLE_BINDING, GroupKind.ROLE_BINDING)) {
            for (Resource binding : snapshot.resources(kind)) {
                Node reference = binding.tree().get("roleRef");
                GroupKind roleKind = new GroupKind(
                        GroupKind.ROLE.group(), reference.get("kind").textOr(""));
                String namespace = roleKind.equals(GroupKind.ROLE) ? binding.namespace() : "";
                boolean means = snapshot.find(
                                roleKind, namespace, reference.get("name").textOr(""))
                        .map(ImpliedPostures::meansNoExec)
                        .orElse(false);
                if (means) {
                    binding.tree().get("subjects").items().stream()
                            .filter(subject -> !subject.get("name").textOr("").startsWith("system:"))
                            .filter(subject -> List.of("Group", "User")
                                    .contains(subject.get("kind").textOr("")))
                            .forEach(subject -> barred.add("noExecFor("
                                    + subject.get("kind").textOr("") + " "
                                    + subject.get("name").textOr("") + ")"));
                }
            }
        }
        return barred;
    }

    private static boolean meansNoExec(Resource role) {
        return role.tree().get("rules").items().stream()
                .anyMatch(rule -> rule.get("resources").texts().contains("pods/exec")
                        && rule.get("verbs").items().isEmpty());
    }

    private boolean audited() {
        return snapshot.resources(GroupKind.AUDIT_POLICY).stream()
                .flatMap(policy -> policy.tree().get("rules").items().stream())
                .flatMap(rule -> rule.get("resources").items().stream())
                .anyMatch(group -> group.get("resources").texts().contains("pods/exec"));
    }

    /** The gateway that is there: istioctl's, or the one whose pods are recognised by their labels. */
    private Optional<Gateway> gateway() {
        List<Pod> pods = Pods.of(snapshot).all();
        Gateway usual = Gateway.istio();
        boolean there = pods.stream()
                .anyMatch(pod -> pod.namespace().equals(usual.namespace())
                        && pod.labels().entrySet().containsAll(usual.labels().entrySet()));
        if (there) {
            return Optional.of(usual);
        }
        return pods.stream()
                .filter(pod -> pod.labels().containsKey("gateway.networking.k8s.io/gateway-name")
                        || pod.labels().getOrDefault("istio", "").endsWith("gateway"))
                .map(pod -> {
                    Map<String, String> labels = new TreeMap<>(pod.labels());
                    labels.keySet()
                            .retainAll(
                                    labels.containsKey("gateway.networking.k8s.io/gateway-name")
                                            ? Set.of("gateway.networking.k8s.io/gateway-name")
                                            : Set.of("app", "istio"));
                    return Gateway.custom(pod.namespace(), labels, pod.serviceAccount());
                })
                .findFirst();
    }

    private static Posture posture(String namespace, Set<String> asked, Optional<Gateway> gateway) {
        NamespaceStage start = ZeroTrust.namespace(namespace);
        Intents posture = start;
        for (String call : asked) {
            if (!call.equals("guard")) {
                posture = and(posture, namespace, call);
            }
        }
        if (!asked.contains("guard")) {
            posture = posture.withoutGuard();
        }
        if (gateway.isPresent() && !gateway.get().equals(Gateway.istio())) {
            posture = posture.throughGateway(gateway.get());
        }
        return ((Posture) posture);
    }

    private static Intents and(Intents posture, String namespace, String call) {
        Matcher matcher = CALL.matcher(call);
        if (!matcher.matches()) {
            throw new IllegalStateException(call);
        }
        String argument = matcher.group(2);
        return switch (matcher.group(1)) {
            case "denyDirectAccess" -> posture.denyDirectAccess();
            case "strictMtls" -> posture.strictMtls();
            case "permissiveMtls" -> posture.permissiveMtls();
            case "denyEgress" -> posture.denyEgress();
            case "audit" -> posture.audit();
            case "noExecFor" -> posture.noExecFor(subject(argument));
            case "keepExecFor" -> posture.keepExecFor(subject(argument));
            case "appliedBy" -> posture.appliedBy(subject(argument));
            case "withoutGuard", "admission", "onPorts", "guard" -> posture;
            default ->
                throw new PostureException("The objects of the posture for namespace " + namespace + " ask for " + call
                        + ", which cannot be told from the objects alone. Give the posture's file with --posture.");
        };
    }

    private static Subject subject(String text) {
        int space = text.indexOf(' ');
        String kind = space < 0 ? "Group" : text.substring(0, space);
        String name = text.substring(space + 1);
        int slash = name.indexOf('/');
        return switch (kind) {
            case "User" -> Subject.user(name);
            case "ServiceAccount" ->
                Subject.serviceAccount(name.substring(0, Math.max(0, slash)), name.substring(slash + 1));
            default -> Subject.group(name);
        };
    }
}
