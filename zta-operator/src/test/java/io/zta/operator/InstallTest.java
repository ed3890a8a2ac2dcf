package io.zta.operator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What installs the operator, and what counts as drift. */
class InstallTest {
    @Test
    void the_manifests_name_the_image_and_ask_for_no_write_but_of_verdicts() {
        Snapshot install =
                Snapshot.ofText("install.yaml", PostureOperator.manifests("registry.example/zta-operator:1"));
        assertThat(install.damages()).isEmpty();
        assertThat(install.resources().map(Resource::display).toList())
                .contains(
                        "CustomResourceDefinition zerotrustpostures.zta.io",
                        "Deployment zta-system/zta-operator",
                        "ClusterRoleBinding zta-operator");
        Resource role = install.resources()
                .filter(resource -> resource.display().equals("ClusterRole zta-operator"))
                .findFirst()
                .orElseThrow();
        role.tree().get("rules").items().forEach(rule -> {
            assertThat(rule.get("resources").texts()).doesNotContain("secrets");
            if (!rule.get("resources").texts().get(0).matches("zerotrustpostures/status|reports|policyreports")) {
                assertThat(rule.get("verbs").texts()).isSubsetOf("get", "list", "watch");
            }
        });
        assertThat(PostureOperator.manifests("a/b:1")).contains("image: \"a/b:1\"");
        assertThatThrownBy(() -> PostureOperator.manifests("a\"\nb")).hasMessageContaining("is no image");
    }

    @Test
    void what_a_server_adds_is_no_drift_and_what_is_gone_changed_or_listed_besides_is() {
        Map<String, Object> wanted = Map.of("ports", List.of(Map.of("port", 80)), "selector", Map.of());
        assertThat(Drift.holds(
                        Map.of("ports", List.of(Map.of("port", 80, "protocol", "TCP")), "selector", Map.of()), wanted))
                .isTrue();
        assertThat(Drift.holds(Map.of("ports", List.of(Map.of("port", 80))), wanted))
                .as("nothing in it")
                .isTrue();
        assertThat(Drift.holds(Map.of("ports", List.of(Map.of("port", 81))), wanted))
                .isFalse();
        assertThat(Drift.holds(Map.of("ports", List.of(Map.of("port", 80), Map.of("port", 81))), wanted))
                .isFalse();
        assertThat(Drift.holds(Map.of(), wanted)).isFalse();
        assertThat(Drift.holds(null, wanted)).isFalse();
    }
}
