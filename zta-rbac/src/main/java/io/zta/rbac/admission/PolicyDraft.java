package io.zta.rbac.admission;

import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.LabelSelectorBuilder;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MatchCondition;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MatchConditionBuilder;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MatchResourcesBuilder;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.NamedRuleWithOperations;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.NamedRuleWithOperationsBuilder;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.ValidatingAdmissionPolicyBindingBuilder;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.ValidatingAdmissionPolicyBuilder;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.Validation;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.ValidationBuilder;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.Variable;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.VariableBuilder;
import io.zta.Posture;
import io.zta.compile.Compiled;
import io.zta.intent.Enforcement;
import io.zta.intent.Intent;
import io.zta.intent.Phase;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** A ValidatingAdmissionPolicy in the making, with the binding that puts it in force. Used once, by one thread. */
final class PolicyDraft {
    private final String name;
    private final Posture posture;
    private final String askedBy;
    private final List<NamedRuleWithOperations> rules = new ArrayList<>();
    private final List<MatchCondition> conditions = new ArrayList<>();
    private final List<Variable> variables = new ArrayList<>();
    private final List<Validation> validations = new ArrayList<>();
    private List<String> namespaces = List.of();

    /**
     * Starts a policy.
     *
     * @param what what it decides, which becomes part of its name: {@code zta-WHAT-ID}
     * @param because the intents that ask for it
     */
    PolicyDraft(String what, Posture posture, Collection<? extends Intent> because) {
        this.name = "zta-" + what + "-" + posture.id();
        this.posture = posture;
        this.askedBy = because.stream().map(Intent::call).collect(Collectors.joining(", "));
    }

    /** Limits it to these namespaces, told by the label that nobody can take away; cluster-scoped objects stay in. */
    PolicyDraft in(Collection<String> names) {
        namespaces = List.copyOf(new TreeSet<>(names));
        return this;
    }

    /** Looks at these operations on these resources of an API group, in every version. */
    PolicyDraft on(List<String> operations, String group, String scope, List<String> resources) {
        rules.add(new NamedRuleWithOperationsBuilder()
                .withApiGroups(group)
                .withApiVersions("*")
                .withOperations(operations)
                .withResources(resources)
                .withScope(scope)
                .build());
        return this;
    }

    /** Leaves requests alone for which this is false. */
    PolicyDraft when(String conditionName, String expression) {
        conditions.add(new MatchConditionBuilder()
                .withName(conditionName)
                .withExpression(expression)
                .build());
        return this;
    }

    /** Names an expression. */
    PolicyDraft let(String variable, String expression) {
        variables.add(new VariableBuilder()
                .withName(variable)
                .withExpression(expression)
                .build());
        return this;
    }

    /** Refuses requests for which this is false, with that message. */
    PolicyDraft require(String expression, String message) {
        validations.add(new ValidationBuilder()
                .withExpression(expression)
                .withMessage(message)
                .withReason("Forbidden")
                .build());
        return this;
    }

    /** The policy and its binding. */
    List<Compiled> compile() {
        var policy = new ValidatingAdmissionPolicyBuilder()
                .withMetadata(metadata())
                .withNewSpec()
                .withFailurePolicy("Fail")
                .withMatchConstraints(new MatchResourcesBuilder()
                        .withMatchPolicy("Equivalent")
                        .withNamespaceSelector(selector())
                        .withResourceRules(rules)
                        .build())
                .withMatchConditions(conditions)
                .withVariables(variables)
                .withValidations(validations)
                .endSpec()
                .build();
        var binding = new ValidatingAdmissionPolicyBindingBuilder()
                .withMetadata(metadata())
                .withNewSpec()
                .withPolicyName(name)
                .withValidationActions(actions(posture.enforcement()))
                .endSpec()
                .build();
        return List.of(new Compiled(policy, Phase.API, true), new Compiled(binding, Phase.API, true));
    }

    // Deny and Warn together are invalid: the caller would be told twice.
    private static List<String> actions(Enforcement enforcement) {
        return switch (enforcement) {
            case WARN -> List.of("Warn", "Audit");
            case DENY -> List.of("Deny");
        };
    }

    private LabelSelector selector() {
        return namespaces.isEmpty()
                ? new LabelSelector()
                : new LabelSelectorBuilder()
                        .addNewMatchExpression()
                        .withKey("kubernetes.io/metadata.name")
                        .withOperator("In")
                        .withValues(namespaces)
                        .endMatchExpression()
                        .build();
    }

    private ObjectMeta metadata() {
        return new ObjectMetaBuilder()
                .withName(name)
                .addToLabels("app.kubernetes.io/managed-by", "zta")
                .addToAnnotations("zta.io/asked-by", askedBy)
                .addToAnnotations("zta.io/posture", posture.namespaces().get(0) + "/" + posture.name())
                .build();
    }
}
