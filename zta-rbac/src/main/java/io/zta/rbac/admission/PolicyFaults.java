package io.zta.rbac.admission;

import io.zta.finding.Evidence;
import io.zta.finding.Finding;
import io.zta.finding.Severity;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Node;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Selector;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Finds admission policies that don't do what they say. */
final class PolicyFaults {
    private static final Set<String> ENTRIES =
            Set.of("pods/exec", "pods/attach", "pods/portforward", "pods/proxy", "services/proxy", "nodes/proxy");

    private static final List<String> POD_WAYS = List.of("exec", "attach", "portforward", "ephemeralcontainers");

    private final Snapshot snapshot;
    private final List<Finding> findings = new ArrayList<>();

    private PolicyFaults(Snapshot snapshot) {
        this.snapshot = snapshot;
    }

    static List<Finding> of(Snapshot snapshot) {
        PolicyFaults faults = new PolicyFaults(snapshot);
        snapshot.resources(GroupKind.VALIDATING_ADMISSION_POLICY).forEach(faults::policy);
        snapshot.resources(GroupKind.VALIDATING_ADMISSION_POLICY_BINDING).forEach(faults::binding);
        return List.copyOf(faults.findings);
    }

    private void policy(Resource policy) {
        Node constraints = policy.spec().get("matchConstraints");
        List<Resource> bindings = snapshot.resources(GroupKind.VALIDATING_ADMISSION_POLICY_BINDING).stream()
                .filter(binding -> binding.spec().get("policyName").textOr("").equals(policy.name()))
                .toList();
        if (bindings.isEmpty()) {
            add(
                    "ZTA-API-101",
                    policy,
                    "has no binding, so it decides nothing",
                    "spec",
                    policy.spec(),
                    "add a ValidatingAdmissionPolicyBinding with policyName: " + policy.name(),
                    "ADM-02");
        }
        if (!Selector.of(constraints.get("objectSelector")).isEverything() && connects(constraints)) {
            add(
                    "ZTA-API-102",
                    policy,
                    "selects by object labels, which a connection has none of: it never matches one",
                    "spec.matchConstraints.objectSelector",
                    constraints.get("objectSelector"),
                    "leave objectSelector out, and select namespaces by kubernetes.io/metadata.name",
                    "ADM-08");
        }
        operations(policy, constraints);
        missingWays(policy, constraints);
        if (policy.spec().get("failurePolicy").textOr("Fail").equals("Ignore")) {
            add(
                    "ZTA-API-106",
                    policy,
                    "lets requests through when an expression fails",
                    "spec.failurePolicy",
                    policy.spec().get("failurePolicy"),
                    "set failurePolicy: Fail",
                    "ADM-12");
        }
        byName(policy);
    }

    private static boolean connects(Node constraints) {
        return constraints.get("resourceRules").items().stream()
                .flatMap(rule -> rule.get("resources").texts().stream())
                .anyMatch(ENTRIES::contains);
    }

    /** A rule on exec that names CREATE: admission has CONNECT for it, whatever the verb. */
    private void operations(Resource policy, Node constraints) {
        int index = 0;
        for (Node rule : constraints.get("resourceRules").items()) {
            String path = "spec.matchConstraints.resourceRules[" + index++ + "].operations";
            List<String> operations = rule.get("operations").texts();
            boolean entry = rule.get("resources").texts().stream().anyMatch(ENTRIES::contains);
            if (entry && !operations.contains("CONNECT") && !operations.contains("*")) {
                add(
                        "ZTA-API-103",
                        policy,
                        "waits for an operation that exec, attach, port-forward and proxies never are",
                        path,
                        rule.get("operations"),
                        "use operations: [CONNECT]",
                        "ADM-04");
            }
            boolean debug = rule.get("resources").texts().contains("pods/ephemeralcontainers");
            if (debug && !operations.contains("UPDATE") && !operations.contains("*")) {
                add(
                        "ZTA-API-103",
                        policy,
                        "waits for an operation that an ephemeral container never is",
                        path,
                        rule.get("operations"),
                        "use operations: [UPDATE]",
                        "ADM-05");
            }
        }
    }

    /** A policy against exec that forgets the other ways into the pod. */
    private void missingWays(Resource policy, Node constraints) {
        Set<String> covered = new TreeSet<>();
        for (Node rule : constraints.get("resourceRules").items()) {
            for (String way : POD_WAYS) {
                if (rule.get("resources").texts().stream().anyMatch(text -> MatchRules.resource(text, "pods", way))) {
                    covered.add(way);
                }
            }
        }
        boolean guardsEntry = constraints.get("resourceRules").items().stream()
                .flatMap(rule -> rule.get("resources").texts().stream())
                .anyMatch("pods/exec"::equals);
        Set<String> missing = new TreeSet<>(POD_WAYS);
        missing.removeAll(covered);
        if (guardsEntry && !missing.isEmpty()) {
            add(
                    "ZTA-API-104",
                    policy,
                    "covers exec and leaves open: pods/" + String.join(", pods/", missing),
                    "spec.matchConstraints.resourceRules",
                    constraints.get("resourceRules"),
                    "add the resources that are missing",
                    "ADM-06");
        }
    }

    /** A deny by group or user on entry: impersonation and minted tokens leave it. */
    private void byName(Resource policy) {
        if (!connects(policy.spec().get("matchConstraints"))) {
            return;
        }
        String all = policy.spec().toString();
        if (all.contains("request.userInfo") && !all.contains("authorizer.")) {
            add(
                    "ZTA-API-107",
                    policy,
                    "tells callers by user or group, which impersonation and minted tokens leave",
                    "spec.validations",
                    policy.spec().get("validations"),
                    "let through who holds a virtual verb instead: authorizer.group(..).resource(..).check(..).allowed()",
                    "ADM-17");
        }
    }

    private void binding(Resource binding) {
        Node name = binding.spec().get("policyName");
        if (snapshot.find(GroupKind.VALIDATING_ADMISSION_POLICY, "", name.textOr(""))
                .isEmpty()) {
            add(
                    "ZTA-API-108",
                    binding,
                    "names a policy that is not there, so it decides nothing",
                    "spec.policyName",
                    name,
                    "apply the policy, or delete the binding",
                    "ADM-03");
        }
        Node actions = binding.spec().get("validationActions");
        if (!actions.texts().contains("Deny")) {
            add(
                    "ZTA-API-105",
                    binding,
                    "refuses nothing: it only warns or records",
                    "spec.validationActions",
                    actions,
                    "set validationActions: [Deny] once the warnings are answered",
                    "ADM-11");
        }
    }

    private void add(String id, Resource object, String title, String path, Node value, String fix, String rule) {
        findings.add(new Finding(
                id,
                Severity.WARNING,
                "",
                object.display(),
                title,
                List.of(Evidence.of(object, path, value)),
                List.of(),
                fix,
                rule));
    }
}
