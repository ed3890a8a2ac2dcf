package io.zta.verify.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Gates on admission policies: staging, the control plane's exceptions, updates of old pods, guards with a hole. */
final class AdmissionGates {
    private static final String POLICY = "ValidatingAdmissionPolicy";

    private AdmissionGates() {}

    static List<Gate> all() {
        return List.of(
                new Check(
                        "APPLY-09",
                        "an admission policy that does not compile denies or lets through all",
                        "mend the expression that the API server names; never bind with Deny and Warn together",
                        AdmissionGates::staged),
                new Check(
                        "APPLY-17",
                        "a guard forgets the control plane: its namespace stays Terminating",
                        "except the namespace controller and the garbage collector",
                        AdmissionGates::controllers),
                new Check(
                        "APPLY-18",
                        "a policy on pods also judges updates of old pods: their finalizers can't be removed",
                        "judge an update only where it changes the field: compare with oldObject",
                        AdmissionGates::oldPods),
                new Check(
                        "APPLY-20",
                        "a guard on some writes only, or selected by a label that the same update takes away",
                        "guard CREATE, UPDATE and DELETE, and select by kubernetes.io/metadata.name",
                        AdmissionGates::holes));
    }

    private static void staged(GateContext context, Gate.Findings findings) {
        for (ObjectNode binding : context.wanted(POLICY + "Binding")) {
            Set<String> actions = new TreeSet<>();
            binding.path("spec").path("validationActions").forEach(action -> actions.add(action.asText()));
            if (actions.contains("Deny") && actions.contains("Warn")) {
                findings.object(Json.ref(binding) + " has validationActions " + actions);
            }
        }
        context.objections().refusals().stream()
                .filter(refusal -> refusal.startsWith(POLICY))
                .forEach(findings::object);
        for (Step step : context.steps()) {
            for (Change change : step.changes()) {
                if (step.stage() == Step.Stage.WARN
                        && change.object().kind().equals(POLICY + "Binding")
                        && !change.object().namespace().isEmpty()) {
                    findings.object(change.object() + " has a namespace");
                }
            }
            if (step.stage() == Step.Stage.WARN) {
                findings.note(
                        step.changes().size()
                                + " policies and bindings come with [Warn, Audit]; status.typeChecking is read before any denies");
            }
        }
    }

    private static boolean matches(JsonNode rule, String field, String value) {
        for (JsonNode entry : rule.path(field)) {
            if (entry.asText().equals(value) || entry.asText().equals("*")) {
                return true;
            }
        }
        return false;
    }

    private static void controllers(GateContext context, Gate.Findings findings) {
        for (ObjectNode policy : context.wanted(POLICY)) {
            boolean deletes = false;
            for (JsonNode rule : policy.path("spec").path("matchConstraints").path("resourceRules")) {
                deletes |= matches(rule, "operations", "DELETE");
            }
            if (!deletes) {
                continue;
            }
            String text = Json.text(policy.path("spec"));
            boolean collects = text.contains("namespace-controller") && text.contains("generic-garbage-collector");
            boolean letsDelete = text.contains("request.operation == 'DELETE' ||");
            if (collects) {
                findings.note(Json.ref(policy) + " excepts the namespace controller and the garbage collector");
            } else if (letsDelete) {
                findings.note(Json.ref(policy) + " lets deletions through");
            } else {
                findings.object(Json.ref(policy)
                        + " judges DELETE and excepts neither the namespace controller nor the garbage collector");
            }
        }
    }

    private static void oldPods(GateContext context, Gate.Findings findings) {
        for (ObjectNode policy : context.wanted(POLICY)) {
            boolean updates = false;
            for (JsonNode rule : policy.path("spec").path("matchConstraints").path("resourceRules")) {
                updates |= matches(rule, "resources", "pods") && matches(rule, "operations", "UPDATE");
            }
            if (!updates) {
                continue;
            }
            if (Json.text(policy.path("spec")).contains("oldObject")) {
                findings.note(Json.ref(policy) + " compares an update with the pod as it was");
            } else {
                findings.object(Json.ref(policy) + " judges updates of pods and never looks at oldObject");
            }
        }
    }

    private static void holes(GateContext context, Gate.Findings findings) {
        for (ObjectNode policy : context.wanted(POLICY)) {
            boolean guards = false;
            Set<String> missing = new TreeSet<>();
            JsonNode constraints = policy.path("spec").path("matchConstraints");
            for (JsonNode rule : constraints.path("resourceRules")) {
                for (String resource : List.of(
                        "networkpolicies", "peerauthentications", "authorizationpolicies", "requestauthentications")) {
                    if (matches(rule, "resources", resource)) {
                        guards = true;
                        for (String operation : List.of("CREATE", "UPDATE", "DELETE")) {
                            if (!matches(rule, "operations", operation)) {
                                missing.add(operation + " of " + resource);
                            }
                        }
                    }
                }
            }
            Set<String> labels = new TreeSet<>();
            JsonNode selector = constraints.path("namespaceSelector");
            selector.path("matchLabels").fieldNames().forEachRemaining(labels::add);
            selector.path("matchExpressions")
                    .forEach(expression -> labels.add(expression.path("key").asText()));
            labels.remove("kubernetes.io/metadata.name");
            boolean selects = !labels.isEmpty();
            if (guards && !missing.isEmpty()) {
                findings.object(Json.ref(policy) + " does not judge " + String.join(", ", missing)
                        + ": an ownerReference to a missing owner has the garbage collector delete what it guards");
            }
            if (selects) {
                findings.object(Json.ref(policy) + " selects namespaces by " + String.join(", ", labels)
                        + ", which an update can take away");
            }
            if (guards && missing.isEmpty() && !selects) {
                findings.note(Json.ref(policy) + " judges create, update and delete");
            }
        }
    }
}
