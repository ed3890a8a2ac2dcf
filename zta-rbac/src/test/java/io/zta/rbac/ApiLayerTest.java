package io.zta.rbac;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.admissionregistration.v1.ValidatingAdmissionPolicy;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.ValidatingAdmissionPolicyBinding;
import io.fabric8.kubernetes.api.model.rbac.RoleBinding;
import io.zta.Posture;
import io.zta.ZeroTrust;
import io.zta.compile.Compiled;
import io.zta.compile.Manifests;
import io.zta.intent.Enforcement;
import io.zta.intent.Phase;
import io.zta.intent.Subject;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class ApiLayerTest {
    private static final Posture POSTURE =
            ZeroTrust.namespace("shop").denyDirectAccess().strictMtls().noExecFor("developers");

    private static List<String> names(Posture posture) {
        return compiled(posture).stream()
                .map(entry -> entry.object().getKind() + " "
                        + entry.object().getMetadata().getName())
                .toList();
    }

    private static List<Compiled> compiled(Posture posture) {
        return new ApiLayer().compile(posture);
    }

    private static ValidatingAdmissionPolicy policy(Posture posture, String name) {
        return compiled(posture).stream()
                .map(Compiled::object)
                .filter(ValidatingAdmissionPolicy.class::isInstance)
                .map(ValidatingAdmissionPolicy.class::cast)
                .filter(policy -> policy.getMetadata().getName().equals(name))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void every_policy_has_a_binding_of_its_name() {
        List<String> names = names(POSTURE);
        List<String> policies = names.stream()
                .filter(name -> name.startsWith("ValidatingAdmissionPolicy "))
                .map(name -> name.substring(name.indexOf(' ') + 1))
                .toList();
        assertThat(policies)
                .contains(
                        "zta-entry-shop",
                        "zta-entry-nodes-shop",
                        "zta-guard-shop",
                        "zta-guard-namespace-shop",
                        "zta-guard-services-shop",
                        "zta-guard-grants-shop",
                        "zta-guard-mesh-shop",
                        "zta-gateway-shop",
                        "zta-gateway-tokens-shop",
                        "zta-gateway-entry-shop");
        assertThat(policies).allSatisfy(name -> assertThat(names).contains("ValidatingAdmissionPolicyBinding " + name));
    }

    @Test
    void the_restricted_role_is_for_the_named_subjects_alone() {
        List<RoleBinding> bindings = compiled(POSTURE).stream()
                .map(Compiled::object)
                .filter(RoleBinding.class::isInstance)
                .map(RoleBinding.class::cast)
                .toList();
        assertThat(bindings).singleElement().satisfies(binding -> {
            assertThat(binding.getMetadata().getNamespace()).isEqualTo("shop");
            assertThat(binding.getSubjects())
                    .extracting("kind", "name")
                    .containsExactly(org.assertj.core.groups.Tuple.tuple("Group", "developers"));
        });
    }

    @Test
    void entry_is_an_allow_list_by_the_verb_enter_unless_asked_by_name() {
        assertThat(policy(POSTURE, "zta-entry-shop").getSpec().getValidations())
                .extracting("expression")
                .containsExactly("variables.mayEnter");
        assertThat(policy(POSTURE.denyByNameOnly(), "zta-entry-shop").getSpec().getValidations())
                .extracting("expression")
                .containsExactly("variables.mayEnter || !variables.named");
    }

    @Test
    void warn_never_comes_with_deny() {
        assertThat(actions(POSTURE)).allMatch(actions -> actions.equals(List.of("Deny")));
        assertThat(actions(POSTURE.admission(Enforcement.WARN)))
                .allMatch(actions -> actions.equals(List.of("Warn", "Audit")));
    }

    private static List<List<String>> actions(Posture posture) {
        return compiled(posture).stream()
                .map(Compiled::object)
                .filter(ValidatingAdmissionPolicyBinding.class::isInstance)
                .map(object ->
                        ((ValidatingAdmissionPolicyBinding) object).getSpec().getValidationActions())
                .toList();
    }

    @Test
    void grants_come_before_what_restricts() {
        assertThat(compiled(POSTURE)).allSatisfy(entry -> {
            assertThat(entry.phase()).isEqualTo(Phase.API);
            assertThat(entry.restricts()).isEqualTo(entry.object().getKind().startsWith("Validating"));
        });
    }

    @Test
    void without_a_guard_only_entry_is_decided() {
        assertThat(names(POSTURE.withoutGuard()))
                .noneMatch(name -> name.contains("guard") || name.contains("gateway"))
                .anyMatch(name -> name.contains("zta-entry-shop"));
    }

    @Test
    void break_glass_is_a_role_that_approvers_may_bind() {
        Posture posture = POSTURE.breakGlass(Subject.user("jane"), Duration.ofHours(1), Subject.group("approvers"));
        assertThat(names(posture)).contains("Role zta-break-glass", "RoleBinding zta-break-glass-approver");
        assertThat(policy(posture, "zta-guard-grants-shop").getSpec().getVariables())
                .filteredOn(variable -> variable.getName().equals("approved"))
                .singleElement()
                .satisfies(variable -> assertThat(variable.getExpression()).contains("duration('3600s')", "'jane'"));
    }

    @Test
    void equal_postures_give_equal_bytes() {
        assertThat(yaml(POSTURE)).isEqualTo(yaml(POSTURE));
        assertThat(compiled(POSTURE)).allSatisfy(entry -> {
            assertThat(entry.object().getMetadata().getAnnotations()).containsKeys("zta.io/asked-by", "zta.io/posture");
            assertThat(entry.object().getMetadata().getName()).startsWith("zta-");
        });
    }

    private static String yaml(Posture posture) {
        StringBuilder out = new StringBuilder();
        compiled(posture).forEach(entry -> out.append(Manifests.yaml(entry.object())));
        return out.toString();
    }
}
