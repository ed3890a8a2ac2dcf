package io.zta.istio;

import io.zta.Posture;
import io.zta.compile.Manifests;
import io.zta.finding.Claim;
import io.zta.finding.ClaimResult;
import io.zta.finding.Doubt;
import io.zta.finding.Evidence;
import io.zta.finding.Hop;
import io.zta.finding.Severity;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Node;
import io.zta.snapshot.Origin;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Whether a pod without a whole sidecar would be refused. Expressions are not evaluated: a policy equal to the compiled one
 * proves it, one that lacks something refutes it, and any other difference leaves it unknown.
 */
final class SidecarRuleClaim {
    /** Fields that the API server fills in, with the value it gives. */
    private static final Map<String, String> DEFAULTS =
            Map.of("matchPolicy", "Equivalent", "failurePolicy", "Fail", "scope", "*");

    private final Posture posture;
    private final Snapshot snapshot;
    private final Snapshot compiled;

    SidecarRuleClaim(Posture posture, Snapshot snapshot) {
        this.posture = posture;
        this.snapshot = snapshot;
        this.compiled = Snapshot.of(SidecarRule.of(posture).stream()
                .map(entry -> Resource.of(Manifests.tree(entry.object()), Origin.MEMORY))
                .toList());
    }

    ClaimResult examine(String namespace) {
        ClaimResult.Collector collector =
                ClaimResult.collect(Claim.TAMPER, "pods of namespace " + namespace + " keep their sidecar");
        collector.cover(1);
        String name = SidecarRule.name(posture);
        var policy = snapshot.find(GroupKind.VALIDATING_ADMISSION_POLICY, "", name);
        var binding = snapshot.find(GroupKind.VALIDATING_ADMISSION_POLICY_BINDING, "", name);
        if (policy.isEmpty() || binding.isEmpty()) {
            String missing = policy.isEmpty() ? "ValidatingAdmissionPolicy " : "ValidatingAdmissionPolicyBinding ";
            if (!snapshot.damages().isEmpty()) {
                collector.doubt(Doubt.of(
                        missing + name + " is not among what could be read",
                        "correct the documents that were not read"));
                return collector.result();
            }
            collector.violatedBy(MeshFinding.NO_RULE.of(
                    Severity.ERROR,
                    "Namespace " + namespace,
                    "admits pods without a sidecar: " + missing + name + " is not there",
                    List.of(new Evidence(missing + name, "", "absent", Origin.MEMORY)),
                    List.of(
                            Hop.of("whoever may create pods or workloads in " + namespace
                                    + " creates one that opts out of its sidecar"),
                            Hop.of("it is admitted, and takes plaintext from anybody"))));
            return collector.result();
        }
        policy(collector, policy.get());
        binding(collector, binding.get(), namespace);
        snapshot.find(GroupKind.CONFIG_MAP, SidecarRule.PARAMETER_NAMESPACE, SidecarRule.PARAMETER)
                .ifPresentOrElse(
                        map -> collector.because("the injector's image is read from " + map.display()),
                        () -> collector.assume(
                                "The ConfigMap " + SidecarRule.PARAMETER_NAMESPACE + "/" + SidecarRule.PARAMETER
                                        + " names the injector's image; without it every pod is refused."));
        collector.because("an admission policy refuses pods without a whole sidecar");
        return collector.result();
    }

    private void policy(ClaimResult.Collector collector, Resource actual) {
        Node expected =
                compiled.resources(GroupKind.VALIDATING_ADMISSION_POLICY).get(0).spec();
        if (normal(expected).equals(normal(actual.spec()))) {
            return;
        }
        Set<String> wanted = expressions(expected);
        Set<String> there = expressions(actual.spec());
        boolean weaker = !there.containsAll(wanted)
                || actual.spec().get("matchConditions").size() > 0
                || actual.spec().get("failurePolicy").textOr("Fail").equals("Ignore");
        if (weaker) {
            wanted.removeAll(there);
            collector.violatedBy(MeshFinding.WEAK_RULE.of(
                    Severity.ERROR,
                    actual.display(),
                    "does not refuse all that it should",
                    List.of(Evidence.of(
                            actual,
                            "spec",
                            wanted.isEmpty()
                                    ? "matchConditions " + actual.spec().get("matchConditions") + ", failurePolicy "
                                            + actual.spec().get("failurePolicy")
                                    : "without the rule: " + wanted.iterator().next())),
                    List.of(Hop.of("a pod that opts out of its sidecar is created"), Hop.of("it is admitted"))));
        } else {
            collector.doubt(new Doubt(
                    actual.display() + " is not what the posture compiles to, and expressions are not evaluated",
                    "apply the posture's own object again",
                    actual.origin()));
        }
    }

    private void binding(ClaimResult.Collector collector, Resource actual, String namespace) {
        Node expected = compiled.resources(GroupKind.VALIDATING_ADMISSION_POLICY_BINDING)
                .get(0)
                .spec();
        boolean denies = actual.spec().get("validationActions").texts().contains("Deny");
        if (denies && normal(expected).equals(normal(actual.spec()))) {
            return;
        }
        boolean narrowed = actual.spec().get("matchResources").isPresent();
        boolean elsewhere = !actual.spec().get("policyName").equals(expected.get("policyName"));
        boolean lenient = !actual.spec()
                .at("paramRef", "parameterNotFoundAction")
                .textOr("")
                .equals("Deny");
        if (!denies || narrowed || elsewhere || lenient) {
            String field =
                    !denies ? "validationActions" : narrowed ? "matchResources" : elsewhere ? "policyName" : "paramRef";
            collector.violatedBy(MeshFinding.WEAK_RULE.of(
                    Severity.ERROR,
                    actual.display(),
                    denies ? "does not bind the rule to every pod it should" : "only warns of pods without a sidecar",
                    List.of(Evidence.of(actual, "spec." + field, actual.spec().get(field))),
                    List.of(
                            Hop.of("a pod that opts out of its sidecar is created in " + namespace),
                            Hop.of("it is admitted"))));
        } else {
            collector.doubt(new Doubt(
                    actual.display() + " is not what the posture compiles to",
                    "apply the posture's own object again",
                    actual.origin()));
        }
    }

    private static Set<String> expressions(Node spec) {
        return spec.get("validations").items().stream()
                .map(validation -> validation.get("expression").textOr(""))
                .collect(Collectors.toCollection(java.util.LinkedHashSet::new));
    }

    /** The tree without what is empty and without what the API server fills in. */
    private static Node normal(Node node) {
        if (node.isObject()) {
            Map<String, Node> fields = new LinkedHashMap<>();
            node.fields().forEach((name, value) -> {
                Node inner = normal(value);
                boolean empty = inner.isAbsent() || (inner.isObject() || inner.isArray()) && inner.size() == 0;
                if (!empty && !inner.textOr("").equals(DEFAULTS.getOrDefault(name, "\u0000"))) {
                    fields.put(name, inner);
                }
            });
            return Node.object(fields);
        }
        if (node.isArray()) {
            List<Node> items = new ArrayList<>();
            node.items().forEach(item -> items.add(normal(item)));
            return Node.array(items);
        }
        return node;
    }
}
