package io.zta.network;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Pod;
import io.zta.snapshot.Pods;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** A cluster that changes object by object has the rows of one that is read anew. */
final class IncrementalReachTest {
    /** Changes are objects of other clusters, which have the same names: policies, pods and namespaces become others. */
    @Property(tries = 100)
    void any_changes_give_the_rows_of_the_changed_cluster_read_anew(
            @ForAll long seed, @ForAll @IntRange(min = 1, max = 8) int changes) {
        Random random = new Random(seed);
        Reachability reach = Reachability.of(snapshot(random.nextLong()));
        Snapshot expected = reach.snapshot();
        for (int i = 0; i < changes; i++) {
            if (random.nextBoolean()) {
                json(reach); // what was asked before is kept, and must not show
            }
            List<Resource> here = expected.resources().toList();
            if (random.nextInt(4) == 0 && !here.isEmpty()) {
                Resource gone = one(here, random);
                reach = reach.without(gone);
                expected = Snapshot.of(here.stream()
                        .filter(resource -> !isSame(resource, gone))
                        .toList());
            } else {
                List<Resource> changed = changed(random);
                reach = reach.with(changed);
                List<Resource> all = new ArrayList<>(here);
                for (Resource resource : changed) {
                    int place = all.stream()
                            .map(other -> isSame(other, resource))
                            .toList()
                            .indexOf(true);
                    if (place < 0) {
                        all.add(resource);
                    } else {
                        all.set(place, resource);
                    }
                }
                expected = Snapshot.of(all);
            }
            Reachability anew = Reachability.of(expected);
            assertThat(json(reach)).isEqualTo(json(anew));
            assertThat(reach.doubts()).containsExactlyInAnyOrderElementsOf(anew.doubts());
            assertThat(certainty(reach)).isEqualTo(certainty(anew));
            assertThat(reach.snapshot().resources())
                    .containsExactlyInAnyOrderElementsOf(expected.resources().toList());
        }
    }

    /** What is certain and what is possible between any two pods, which rows do not show. */
    private static Map<String, String> certainty(Reachability reach) {
        Map<String, String> pairs = new TreeMap<>();
        for (Pod from : reach.pods().all()) {
            for (Pod to : reach.pods().all()) {
                Connection connection = reach.between(from, to);
                pairs.put(
                        from.workload() + "/" + from.name() + " -> " + to.workload() + "/" + to.name(),
                        connection.sure() + " | " + connection.possible());
            }
        }
        return pairs;
    }

    private static List<Resource> changed(Random random) {
        List<Resource> others = snapshot(random.nextLong()).resources().toList();
        List<Resource> policies = others.stream()
                .filter(resource -> resource.type().equals(GroupKind.NETWORK_POLICY))
                .toList();
        List<Resource> from = policies.isEmpty() || random.nextInt(4) == 0 ? others : policies;
        List<Resource> changed = new ArrayList<>();
        for (int i = 0; i <= random.nextInt(3); i++) {
            Resource next = one(from, random);
            if (changed.stream().noneMatch(other -> isSame(other, next))) {
                changed.add(next);
            }
        }
        return changed;
    }

    private static <T> T one(List<T> from, Random random) {
        return from.get(random.nextInt(from.size()));
    }

    private static boolean isSame(Resource a, Resource b) {
        return a.type().equals(b.type())
                && a.namespace().equals(b.namespace())
                && a.name().equals(b.name());
    }

    @Test
    void a_changed_policy_that_the_server_would_refuse_is_doubted_until_it_is_changed_again() {
        Snapshot bare = Snapshot.ofText("a", """
                {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: q, namespace: n},
                 spec: {podSelector: {matchLabels: {a: 1}}}}
                """);
        Snapshot quoted = Snapshot.ofText("b", """
                {apiVersion: v1, kind: Pod, metadata: {name: p, namespace: n, labels: {a: "1"}}}
                ---
                {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: q, namespace: n},
                 spec: {podSelector: {matchLabels: {a: "1"}}}}
                """);
        Resource refused = bare.resources(GroupKind.NETWORK_POLICY).get(0);
        Reachability reach = Reachability.of(quoted).with(List.of(refused));
        assertThat(reach.doubts()).hasSize(1);
        assertThat(reach.without(refused).doubts()).isEmpty();
        assertThat(reach.with(quoted.resources(GroupKind.NETWORK_POLICY)).doubts())
                .isEmpty();
    }

    @Test
    void a_changed_policy_that_asks_for_a_label_controllers_give_finds_other_pods_in_a_template() {
        Snapshot before = Snapshot.ofText("a", """
                {apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db, namespace: n},
                 spec: {replicas: 2, template: {metadata: {labels: {app: db}}, spec: {containers: [{name: a}]}}}}
                """);
        assertThat(Pods.of(before).all()).hasSize(1);
        Snapshot after = before.with(Snapshot.ofText("b", """
                {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: q, namespace: n},
                 spec: {podSelector: {matchLabels: {statefulset.kubernetes.io/pod-name: db-1}}}}
                """).resources().toList());
        assertThat(Pods.of(after).all()).extracting(Pod::name).containsExactlyInAnyOrder("db-0", "db-1");
    }

    @Test
    void a_changed_policy_leaves_what_follows_from_the_pods_where_it_is() {
        Snapshot before = Snapshot.ofText("a", """
                {apiVersion: v1, kind: Pod, metadata: {name: p, namespace: n}}
                ---
                {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: q, namespace: n}}
                """);
        Pods pods = Pods.of(before);
        Resource policy = before.resources(GroupKind.NETWORK_POLICY).get(0);
        Resource pod = before.resources(GroupKind.POD).get(0);
        assertThat(Pods.of(before.with(List.of(policy)))).isSameAs(pods);
        assertThat(Pods.of(before.without(policy))).isSameAs(pods);
        assertThat(Pods.of(before.without(pod)).all()).isEmpty();
    }

    private static String json(Reachability reach) {
        try {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            Reach.of(reach).writeJson(out);
            return out.toString(StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Snapshot snapshot(long seed) {
        try {
            Map<String, Object> list =
                    Map.of("apiVersion", "v1", "kind", "List", "items", RandomCluster.of(seed, true));
            return Snapshot.ofText("generated", new ObjectMapper().writeValueAsString(list));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
