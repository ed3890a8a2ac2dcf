package io.zta.rbac.audit;

import io.zta.Posture;
import io.zta.finding.Claim;
import io.zta.finding.ClaimResult;
import io.zta.finding.Doubt;
import io.zta.finding.Evidence;
import io.zta.finding.Finding;
import io.zta.finding.Hop;
import io.zta.finding.Severity;
import io.zta.intent.Subject;
import io.zta.rbac.Attributes;
import io.zta.rbac.Identity;
import io.zta.rbac.audit.AuditPolicy.Decision;
import io.zta.rbac.audit.AuditPolicy.Level;
import io.zta.rbac.audit.AuditPolicy.Stage;
import io.zta.snapshot.Damage;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Node;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Decides claim 5: every attempt by every way into a container of the posture's namespaces is recorded at Metadata or more,
 * whoever makes it and whether or not it is refused. Pure. Rules AUD-20 to AUD-26.
 */
public final class Recorded {
    /** Requests by which somebody gets into a container, by row of the catalogue. */
    private static final Map<String, List<String>> WAYS = ways();

    private final Posture posture;
    private final Snapshot snapshot;

    private Recorded(Posture posture, Snapshot snapshot) {
        this.posture = posture;
        this.snapshot = snapshot;
    }

    private static Map<String, List<String>> ways() {
        Map<String, List<String>> ways = new LinkedHashMap<>();
        ways.put("API-exec", List.of("create pods/exec", "get pods/exec"));
        ways.put("API-attach", List.of("create pods/attach", "get pods/attach"));
        ways.put("API-portforward", List.of("create pods/portforward", "get pods/portforward"));
        ways.put("API-ephemeral", List.of("update pods/ephemeralcontainers", "patch pods/ephemeralcontainers"));
        List<String> proxies = new ArrayList<>();
        for (String verb : List.of("get", "create", "update", "patch", "delete")) {
            proxies.add(verb + " pods/proxy");
            proxies.add(verb + " services/proxy");
        }
        ways.put("API-proxy", proxies);
        ways.put("API-node", List.of("get nodes/proxy", "create nodes/proxy"));
        ways.put("API-token", List.of("create serviceaccounts/token"));
        List<String> bindings = new ArrayList<>();
        for (String verb : List.of("create", "update", "patch")) {
            bindings.add(verb + " rolebindings");
            bindings.add(verb + " clusterrolebindings");
        }
        ways.put("API-rbac", bindings);
        return ways;
    }

    /** The verdict on a snapshot. */
    public static ClaimResult examine(Posture posture, Snapshot snapshot) {
        return new Recorded(posture, snapshot).result();
    }

    private ClaimResult result() {
        ClaimResult.Collector result =
                ClaimResult.collect(Claim.RECORDED, "ways into namespace " + String.join(", ", posture.namespaces()));
        for (Damage damage : snapshot.damages()) {
            result.doubt(new Doubt(
                    "what could not be read may be the audit policy: " + damage.problem(),
                    damage.remedy(),
                    damage.origin()));
        }
        List<Resource> policies = snapshot.resources(GroupKind.AUDIT_POLICY);
        server(result, !policies.isEmpty());
        if (policies.size() > 1) {
            result.doubt(new Doubt(
                    "there are " + policies.size() + " audit policies, and an API server has one",
                    "leave the one in the snapshot that --audit-policy-file names",
                    policies.get(1).origin()));
        }
        for (Resource resource : policies) {
            AuditPolicy policy = AuditPolicy.of(resource);
            Optional<String> problem = policy.problem();
            if (problem.isPresent()) {
                result.doubt(new Doubt(
                        "the audit policy can't be judged: " + problem.get(), "correct it", resource.origin()));
            } else {
                judge(result, policy);
            }
        }
        return result.result();
    }

    /** What the API server's own flags say. */
    private void server(ClaimResult.Collector result, boolean policy) {
        List<Resource> servers = snapshot.resources(GroupKind.POD, "kube-system").stream()
                .filter(pod -> pod.labels().getOrDefault("component", "").equals("kube-apiserver"))
                .toList();
        for (Resource server : servers) {
            List<String> flags = new ArrayList<>();
            for (Node container : server.spec().get("containers").items()) {
                flags.addAll(container.get("command").texts());
                flags.addAll(container.get("args").texts());
            }
            for (String flag : List.of("--audit-policy-file", "--audit-log-path|--audit-webhook-config-file")) {
                boolean given = flags.stream().anyMatch(text -> text.matches("(" + flag + ")([= ].+)?"));
                if (!given) {
                    result.cover(1).violatedBy(unrecorded(server, flag.replace("|", " or ")));
                }
            }
        }
        if (servers.isEmpty() && policy) {
            result.assume(
                    "Every API server runs with the audit policy of the snapshot (--audit-policy-file) and keeps its"
                            + " log (--audit-log-path or a webhook).");
        } else if (servers.isEmpty()) {
            result.cover(1)
                    .doubt(Doubt.of(
                            "neither an audit policy nor the API server's flags are in the snapshot",
                            "add the file that --audit-policy-file names (zta render --audit-policy writes one), and the"
                                    + " kube-apiserver pod"));
        } else if (!policy && !result.isViolated()) {
            result.cover(1)
                    .doubt(new Doubt(
                            "the file that --audit-policy-file names is not in the snapshot",
                            "add it: it is a document of kind Policy, audit.k8s.io/v1",
                            servers.get(0).origin()));
        }
        if (!servers.isEmpty() && policy) {
            result.assume("The audit policy of the snapshot is the file that --audit-policy-file names.");
        }
    }

    private static Finding unrecorded(Resource server, String flag) {
        Node command = server.spec().get("containers").item(0).get("command");
        return new Finding(
                "ZTA-AUD-003",
                Severity.ERROR,
                "AUD-blind",
                server.display(),
                "records nothing: it runs without " + flag,
                List.of(Evidence.of(server, "spec.containers[0].command", "no " + flag)),
                List.of(
                        Hop.of("somebody gets into a container"),
                        Hop.of(
                                "the API server has nowhere to record it, or no policy by which to",
                                Evidence.of(server, "spec.containers[0].command", command))),
                "start it with the policy that zta render --audit-policy prints, and the flags in its head",
                "AUD-20");
    }

    private void judge(ClaimResult.Collector result, AuditPolicy policy) {
        int requests = 0;
        Map<String, Finding> found = new LinkedHashMap<>();
        for (Identity identity : identities(policy)) {
            for (Map.Entry<String, List<String>> way : WAYS.entrySet()) {
                for (String request : way.getValue()) {
                    for (String namespace : places(request)) {
                        for (String name : names(policy)) {
                            requests++;
                            String[] words = request.split(" ");
                            Attributes attributes = Attributes.of(
                                    words[0],
                                    way.getKey().equals("API-rbac") ? "rbac.authorization.k8s.io" : "",
                                    words[1],
                                    namespace,
                                    name);
                            check(policy, way.getKey(), identity, attributes, found);
                        }
                    }
                }
            }
        }
        result.cover(requests);
        found.values().forEach(result::violatedBy);
        result.because("the audit policy records each of " + requests + " kinds of attempt at Metadata or more");
    }

    private Set<String> places(String request) {
        return request.contains(" nodes/") || request.contains(" cluster")
                ? Set.of("")
                : new LinkedHashSet<>(posture.namespaces());
    }

    /** The posture's subjects, anybody else, and everybody whom the policy treats in a way of its own. */
    private Set<Identity> identities(AuditPolicy policy) {
        Set<Identity> identities = new LinkedHashSet<>();
        posture.noExec().forEach(subject -> identities.add(Identity.of(subject)));
        identities.add(Identity.person("anybody"));
        identities.add(new Identity("system:anonymous", Set.of("system:unauthenticated")));
        for (Node rule : policy.rules()) {
            List<String> users = others(rule.get("users").texts());
            List<String> groups = others(rule.get("userGroups").texts());
            users.forEach(user -> identities.add(named(user)));
            for (String group : groups) {
                identities.add(Identity.of(Subject.group(group)));
                users.forEach(user -> identities.add(in(group, named(user)))); // a rule may name both
            }
        }
        return identities;
    }

    private static List<String> others(List<String> names) {
        return names.stream()
                .filter(name -> !name.isBlank() && !isControlPlane(name))
                .toList();
    }

    private static Identity in(String group, Identity identity) {
        Set<String> groups = new LinkedHashSet<>(identity.groups());
        groups.add(group);
        return new Identity(identity.user(), groups);
    }

    private static Identity named(String user) {
        String[] parts = user.split(":", -1);
        return user.startsWith("system:serviceaccount:") && parts.length == 4
                ? Identity.serviceAccount(parts[2], parts[3])
                : Identity.person(user);
    }

    /** Part of the trusted base, which is not asked about. */
    private static boolean isControlPlane(String name) {
        return name.startsWith("system:kube-")
                || name.startsWith("system:node")
                || name.equals("system:apiserver")
                || name.equals("system:masters")
                || name.startsWith("system:serviceaccount:kube-system:");
    }

    /** A pod of any name, and those that the policy names. */
    private static Set<String> names(AuditPolicy policy) {
        Set<String> names = new LinkedHashSet<>();
        names.add("any");
        for (Node rule : policy.rules()) {
            rule.get("resources")
                    .items()
                    .forEach(group -> names.addAll(group.get("resourceNames").texts()));
        }
        return names;
    }

    private static void check(
            AuditPolicy policy, String way, Identity identity, Attributes request, Map<String, Finding> found) {
        Decision decision = policy.decide(identity, request);
        boolean kept = decision.stages().contains(Stage.REQUEST_RECEIVED)
                || decision.stages().contains(Stage.RESPONSE_COMPLETE);
        if (decision.level() != Level.NONE && kept) {
            return;
        }
        Resource resource = policy.resource();
        List<Node> rules = policy.rules();
        int byVerb = -1;
        for (int i = 0; i < rules.size() && byVerb < 0; i++) {
            boolean records = !rules.get(i).get("level").textOr("").equals("None");
            if (records && AuditPolicy.matchesWhateverVerb(rules.get(i), identity, request)) {
                byVerb = i;
            }
        }
        boolean stage = decision.level() != Level.NONE;
        boolean verb = !stage && byVerb >= 0 && decision.rule().orElse(Integer.MAX_VALUE) > byVerb;
        Evidence because = stage
                ? Evidence.of(resource, "omitStages", "RequestReceived and ResponseComplete")
                : verb
                        ? Evidence.of(
                                resource,
                                "rules[" + byVerb + "].verbs",
                                rules.get(byVerb).get("verbs"))
                        : decision.rule().isPresent()
                                ? Evidence.of(
                                        resource,
                                        "rules[" + decision.rule().getAsInt() + "]",
                                        rules.get(decision.rule().getAsInt()))
                                : Evidence.of(resource, "rules", "none matches");
        String why = stage
                ? "of a refused request neither stage that it has is kept"
                : verb
                        ? "the rule for it names its verbs, and " + request.verb() + " is not among them"
                        : decision.rule().isPresent() ? "a rule of level None drops it" : "no rule matches it";
        String key = way + " " + why + (verb ? request.verb() : "") + because.path();
        found.putIfAbsent(
                key,
                new Finding(
                        verb ? "ZTA-AUD-002" : "ZTA-AUD-001",
                        Severity.ERROR,
                        verb ? "AUD-verb" : "AUD-blind",
                        resource.display().isBlank() ? "Policy" : resource.display(),
                        "does not record " + request.verb() + " on " + request.resource()
                                + (request.subresource().isEmpty() ? "" : "/" + request.subresource()) + " (" + way
                                + "): " + why,
                        List.of(because),
                        List.of(
                                Hop.of(identity.user() + " makes the request " + request),
                                Hop.of("the audit policy: " + why, because)),
                        verb
                                ? "take the verbs out of the rule: what opens a container is not told by its verb"
                                : "record the ways into containers before any rule that drops requests",
                        verb ? "AUD-22" : "AUD-21"));
    }

    /** What of an audit policy that no posture asked for should be read. */
    public static List<Finding> notes(Posture posture, Snapshot snapshot) {
        return snapshot.resources(GroupKind.AUDIT_POLICY).isEmpty()
                ? List.of()
                : examine(posture, snapshot)
                        .verdict()
                        .match(proven -> List.of(), io.zta.finding.Verdict.Violated::findings, unknown -> List.of());
    }
}
