package io.zta.rbac.admission;

import io.zta.finding.Doubt;
import io.zta.finding.Evidence;
import io.zta.rbac.AdmissionVerdicts.Request;
import io.zta.rbac.Authorizer;
import io.zta.rbac.admission.MatchRules.Match;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Node;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A ValidatingAdmissionPolicy with one binding that names it. Immutable. */
final class PolicyInForce {
    private final Resource policy;
    private final Resource binding;
    private final Map<String, String> variables = new LinkedHashMap<>();
    private final boolean fails;
    private final boolean denies;

    private PolicyInForce(Resource policy, Resource binding) {
        this.policy = policy;
        this.binding = binding;
        for (Node variable : policy.spec().get("variables").items()) {
            variables.put(
                    variable.get("name").textOr(""), variable.get("expression").textOr(""));
        }
        this.fails = !policy.spec().get("failurePolicy").textOr("Fail").equals("Ignore");
        this.denies = binding.spec().get("validationActions").texts().contains("Deny");
    }

    /** What one policy makes of a request: nothing at all, a refusal, or a doubt. */
    record Result(List<Evidence> denied, List<Evidence> notes, List<Doubt> doubts) {
        static final Result NOTHING = new Result(List.of(), List.of(), List.of());
    }

    /** Every binding with its policy; a binding without one decides nothing. */
    static List<PolicyInForce> all(Snapshot snapshot) {
        List<PolicyInForce> all = new ArrayList<>();
        for (Resource binding : snapshot.resources(GroupKind.VALIDATING_ADMISSION_POLICY_BINDING)) {
            snapshot.find(
                            GroupKind.VALIDATING_ADMISSION_POLICY,
                            "",
                            binding.spec().get("policyName").textOr(""))
                    .ifPresent(policy -> all.add(new PolicyInForce(policy, binding)));
        }
        return all;
    }

    Result decide(Request request, Authorizer authorizer, Snapshot snapshot) {
        MatchRules rules = new MatchRules(snapshot);
        Match match = rules.resources(policy.spec().get("matchConstraints"), request, true)
                .and(rules.resources(binding.spec().get("matchResources"), request, false));
        if (match == Match.NO) {
            return Result.NOTHING;
        }
        if (!binding.spec().get("validationActions").isTextArray()) {
            return doubt("its validationActions can't be read");
        }
        CelInput input = CelInput.of(request, authorizer, snapshot, variables);
        if (policy.spec().get("paramKind").isPresent()) {
            Optional<Resource> params = params(snapshot, request);
            if (params.isEmpty()) {
                return doubt("its parameters are not in the snapshot, or are selected by label");
            }
            input.with(params.get());
        }
        Result result = evaluate(input);
        return match == Match.UNKNOWN && !result.denied().isEmpty()
                ? doubt("whether its selectors cover the object can't be told")
                : result;
    }

    private Result evaluate(CelInput input) {
        Node unclearCondition = Node.missing();
        boolean failed = false;
        for (Node condition : policy.spec().get("matchConditions").items()) {
            CelEngine.Outcome outcome =
                    CelEngine.evaluate(condition.get("expression").textOr(""), input);
            if (outcome instanceof CelEngine.Outcome.Value value && Boolean.FALSE.equals(value.value())) {
                return Result.NOTHING; // a false one leaves the request alone, whatever else fails
            }
            if (outcome instanceof CelEngine.Outcome.Unclear) {
                unclearCondition = condition;
            }
            failed |= outcome instanceof CelEngine.Outcome.Failed;
        }
        if (failed && unclearCondition.isAbsent()) {
            return fails ? refusal("spec.matchConditions", policy.spec().get("matchConditions")) : Result.NOTHING;
        }
        Result result = validate(input);
        return unclearCondition.isPresent() && !result.equals(Result.NOTHING)
                ? doubt("its condition " + unclearCondition.get("name") + " can't be evaluated")
                : result;
    }

    private Result validate(CelInput input) {
        List<Doubt> doubts = new ArrayList<>();
        List<Evidence> notes = new ArrayList<>();
        int index = 0;
        for (Node validation : policy.spec().get("validations").items()) {
            String path = "spec.validations[" + index++ + "].expression";
            Node expression = validation.get("expression");
            CelEngine.Outcome outcome = CelEngine.evaluate(expression.textOr(""), input);
            boolean holds = outcome instanceof CelEngine.Outcome.Value value && Boolean.TRUE.equals(value.value());
            if (outcome instanceof CelEngine.Outcome.Unclear unclear) {
                doubts.addAll(
                        doubt("its expression \"" + expression.textOr("") + "\" can't be evaluated: " + unclear.why())
                                .doubts());
            } else if (!holds && (outcome instanceof CelEngine.Outcome.Value || fails)) {
                Result refused = refusal(path, expression);
                if (!refused.denied().isEmpty()) {
                    return refused;
                }
                notes.addAll(refused.notes());
            }
        }
        return new Result(List.of(), notes, denies ? doubts : List.of());
    }

    /** A refusal, or, where the binding doesn't deny, the note that it only says so. */
    private Result refusal(String path, Node value) {
        Evidence action =
                Evidence.of(binding, "spec.validationActions", binding.spec().get("validationActions"));
        Evidence reason = Evidence.of(policy, path, value);
        return denies
                ? new Result(List.of(reason, action), List.of(), List.of())
                : new Result(List.of(), List.of(action, reason), List.of());
    }

    private Result doubt(String why) {
        if (!denies) {
            return Result.NOTHING;
        }
        return new Result(
                List.of(),
                List.of(),
                List.of(new Doubt(
                        policy.display() + " decides this, and " + why,
                        "ask the API server with a real request, or write the policy without it",
                        policy.origin())));
    }

    /** The parameter object, where the binding names one. */
    private Optional<Resource> params(Snapshot snapshot, Request request) {
        Node reference = binding.spec().get("paramRef");
        Node kind = policy.spec().get("paramKind");
        String name = reference.get("name").textOr("");
        GroupKind type =
                GroupKind.of(kind.get("apiVersion").textOr(""), kind.get("kind").textOr(""));
        String namespace = type.isClusterScoped()
                ? ""
                : reference.get("namespace").textOr(request.attributes().namespace());
        return name.isEmpty() ? Optional.empty() : snapshot.find(type, namespace, name);
    }
}
