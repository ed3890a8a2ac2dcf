package io.zta.verify.apply;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.zta.Posture;
import io.zta.ZeroTrust;
import io.zta.intent.Phase;
import io.zta.verify.apply.GateResult.Outcome;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A plan is read back from its JSON, and is another one where anything is that its reviewer decided on. */
class ReviewedPlanTest {
    private static final Posture POSTURE =
            ZeroTrust.namespace("shop").denyDirectAccess().upTo(Phase.NETWORK);
    private static final ObjectRef DENY = new ObjectRef("networking.k8s.io/v1", "NetworkPolicy", "shop", "zta-deny");
    private static final Plan.Impact ENDS =
            new Plan.Impact(List.of(new Flow("shop/a[Pod]", "shop/b[Pod]", "TCP 80")), List.of(), List.of(), List.of());
    private static final PlanOptions OPTIONS = PlanOptions.none()
            .overriding("APPLY-03")
            .forcing("Namespace shop")
            .givingUp("shop/a[Pod] -> shop/b[Pod]")
            .skipping(Phase.MESH)
            .holdingAtWarn()
            .withAuditLog(Path.of("audit.log"))
            .withProxyMetrics(ProxyMetrics.between("a week", "", """
                    istio_requests_total{reporter="destination",connection_security_policy="none"} 7
                    """));

    private static Plan plan(
            String desired, String version, Plan.Impact impact, Outcome third, String why, String passed) {
        Change change = new Change(
                Change.Action.CHANGE,
                DENY,
                desired,
                "uid",
                version,
                List.of(new FieldChange("spec.a", "1", "2")),
                false);
        return new Plan(
                POSTURE,
                OPTIONS,
                Map.of("shop", Phase.OBSERVE),
                List.of(new Step(Phase.NETWORK, Step.Stage.RESTRICT, List.of(change))),
                List.of(),
                impact,
                new Plan.Objections(List.of(), List.of()),
                List.of(
                        new GateResult("APPLY-01", "DNS", Outcome.PASSED, List.of(passed), ""),
                        new GateResult("APPLY-03", "flows", third, List.of(why), "allow it")),
                Map.of(Basis.key(DENY), version));
    }

    private static final Plan REVIEWED = plan("{\"a\":2}", "4", ENDS, Outcome.OVERRIDDEN, "a loses b", "2 pods");

    private static List<String> differences(Plan now) {
        return ReviewedPlan.parse("plan.json", REVIEWED.toJson()).differences(now);
    }

    @Test
    void the_same_plan_has_no_differences_and_its_posture_and_options_are_read_back() {
        ReviewedPlan read = ReviewedPlan.parse("plan.json", REVIEWED.toJson());
        assertThat(read.differences(REVIEWED)).isEmpty();
        assertThat(read.posture()).isEqualTo(POSTURE);
        assertThat(ReviewedPlan.json(read.options())).isEqualTo(ReviewedPlan.json(OPTIONS));
        assertThat(read.options().proxyMetrics().orElseThrow().plaintextRequests())
                .isEqualTo(OPTIONS.proxyMetrics().orElseThrow().plaintextRequests())
                .isNotEmpty();
    }

    @Test
    void another_write_another_version_and_another_flow_are_each_named() {
        assertThat(differences(plan("{\"a\":3}", "4", ENDS, Outcome.OVERRIDDEN, "a loses b", "2 pods")))
                .containsExactly("steps[0].changes[0].desired.a: 2 -> 3");
        assertThat(differences(plan("{\"a\":2}", "5", ENDS, Outcome.OVERRIDDEN, "a loses b", "2 pods")))
                .hasSize(2)
                .contains("steps[0].changes[0].resourceVersion: \"4\" -> \"5\"");
        assertThat(differences(plan(
                        "{\"a\":2}",
                        "4",
                        new Plan.Impact(List.of(), List.of(), List.of(), List.of("a note")),
                        Outcome.OVERRIDDEN,
                        "a loses b",
                        "2 pods")))
                .singleElement()
                .asString()
                .startsWith("ends (object): [{");
    }

    @Test
    void an_override_covers_only_what_was_seen_and_what_passes_may_pass_for_another_reason() {
        assertThat(differences(plan("{\"a\":2}", "4", ENDS, Outcome.OVERRIDDEN, "c loses b too", "2 pods")))
                .containsExactly("APPLY-03 is overridden for another reason: [\"c loses b too\"]");
        assertThat(differences(plan("{\"a\":2}", "4", ENDS, Outcome.REFUSED, "a loses b", "2 pods")))
                .containsExactly("APPLY-03 was overridden, is refused");
        assertThat(differences(plan("{\"a\":2}", "4", ENDS, Outcome.OVERRIDDEN, "a loses b", "3 pods")))
                .isEmpty();
    }

    @Test
    void the_text_keeps_to_80_columns_and_steers_no_terminal() {
        Plan wide = plan(
                "{}",
                "4",
                new Plan.Impact(
                        List.of(new Flow(
                                "a-long-namespace/a-long-name[Deployment]",
                                "another-one/long-one[Pod]",
                                "TCP 1-65535")),
                        List.of(),
                        List.of(),
                        List.of("a note \u001b[2J that hides what comes before it")),
                Outcome.REFUSED,
                "evidence that goes on and on ".repeat(5),
                "2 pods");
        assertThat(wide.toText().lines()).allMatch(line -> line.length() <= 80);
        assertThat(wide.toText())
                .contains("  a-long-namespace/a-long-name[Deployment] -> another-one/long-one[Pod] TCP\n    1-65535\n")
                .doesNotContain("\u001b");
    }

    @Test
    void a_file_that_is_no_plan_is_named() {
        for (String text : List.of("", "[]", "{}", "{\"posture\": \"kind: Pod\"}", "not JSON")) {
            ApplyException no = catchThrowableOfType(ApplyException.class, () -> ReviewedPlan.parse("plan.json", text));
            assertThat(no).as(text).isNotNull();
            assertThat(no.reason()).isEqualTo(ApplyException.Reason.USAGE);
            assertThat(no).hasMessageStartingWith("plan.json is no plan as `zta plan -o json` prints it: ");
        }
    }
}
