package io.zta.verify.apply;

import static org.assertj.core.api.Assertions.assertThat;

import io.zta.Posture;
import io.zta.ZeroTrust;
import io.zta.intent.Phase;
import io.zta.snapshot.Snapshot;
import io.zta.verify.apply.Change.Action;
import io.zta.verify.apply.Draft.Item;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** When a namespace is held open while rules on identities come or go one after the other. */
class OrderTest {
    private static final Posture POSTURE = ZeroTrust.namespace("shop").strictMtls();
    private static final String OTHER = rule("%s", "other", "ALLOW", "[{}]");

    private static String rule(String namespace, String name, String action, String rules) {
        return """
                ---
                apiVersion: security.istio.io/v1
                kind: AuthorizationPolicy
                metadata: {name: %s, namespace: %s}
                spec: {action: %s, rules: %s}
                """.formatted(name, namespace, action, rules);
    }

    private static Item item(Action action, String name, Step.Stage stage) {
        return new Item(
                new Change(
                        action,
                        new ObjectRef("security.istio.io/v1", "AuthorizationPolicy", "shop", name),
                        action == Action.DELETE ? "" : "{\"spec\":{\"rules\":[{}]}}",
                        "",
                        "",
                        List.of(),
                        false),
                Phase.MESH,
                stage);
    }

    private static List<String> steps(String snapshot, Item... items) {
        return Order.steps(
                        POSTURE,
                        Snapshot.ofText("t", snapshot),
                        Stream.of(items).toList())
                .stream()
                .map(Step::id)
                .toList();
    }

    private static final Item ONE = item(Action.CREATE, "zta-1", Step.Stage.IDENTITY);
    private static final Item TWO = item(Action.CREATE, "zta-2", Step.Stage.IDENTITY);

    @Test
    void two_rules_where_there_are_none_are_held_open() {
        assertThat(steps("---\n", ONE, TWO)).containsExactly("mesh/hold-open", "mesh/identity", "mesh/cut-over");
    }

    @Test
    void one_rule_admits_all_of_its_own_at_once() {
        assertThat(steps("---\n", ONE)).containsExactly("mesh/identity");
    }

    @Test
    void what_somebody_keeps_closed_is_not_opened() {
        assertThat(steps(OTHER.formatted("shop"), ONE, TWO)).containsExactly("mesh/identity");
        assertThat(steps(OTHER.formatted("istio-system"), ONE, TWO)).containsExactly("mesh/identity");
    }

    @Test
    void a_rule_of_another_namespace_or_one_that_admits_nobody_closes_nothing_to_identities() {
        String elsewhere = OTHER.formatted("web") + rule("shop", "deny", "DENY", "[{}]");
        assertThat(steps(elsewhere, ONE, TWO)).containsExactly("mesh/hold-open", "mesh/identity", "mesh/cut-over");
    }

    @Test
    void the_last_two_are_held_open_when_they_go() {
        Item first = item(Action.DELETE, "zta-1", Step.Stage.DISALLOW);
        Item second = item(Action.DELETE, "zta-2", Step.Stage.DISALLOW);
        String there = rule("shop", "zta-1", "ALLOW", "[{}]") + rule("shop", "zta-2", "ALLOW", "[{}]");
        assertThat(steps(there, first, second)).containsExactly("mesh/hold-open", "mesh/disallow", "mesh/cut-over");
        assertThat(steps(there + OTHER.formatted("shop"), first, second)).containsExactly("mesh/disallow");
    }
}
