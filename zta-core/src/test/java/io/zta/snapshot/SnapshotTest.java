package io.zta.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SnapshotTest {
    private static Snapshot read(String yaml) {
        return Snapshot.ofText("a.yaml", yaml);
    }

    private static Node first(String yaml) {
        return read(yaml).resources().findFirst().orElseThrow().tree();
    }

    @Test
    void plain_scalars_stay_the_text_that_was_written() {
        Node labels = first(
                        "apiVersion: v1\nkind: Pod\nmetadata:\n  labels: {a: no, b: 1e3, c: y, d: 010, e: '8', f: }\n")
                .at("metadata", "labels");
        assertThat(labels.textMap()).isEqualTo(Map.of("a", "no", "b", "1e3", "c", "y", "d", "010", "e", "8", "f", ""));
        assertThat(labels.get("e").isInteger()).isFalse();
        assertThat(labels.get("d").isInteger()).isTrue();
    }

    @Test
    void anchors_and_merge_keys_are_resolved() {
        Node spec = first("apiVersion: v1\nkind: X\nspec:\n  base: &b {x: 1, y: 2}\n  made:\n    <<: *b\n    y: 3\n")
                .get("spec");
        assertThat(spec.get("made").textMap()).isEqualTo(Map.of("x", "1", "y", "3"));
    }

    @Test
    void documents_that_double_themselves_are_refused_not_expanded() {
        StringBuilder yaml = new StringBuilder("apiVersion: v1\nkind: X\na0: &a0 [1,1,1,1,1,1,1,1,1,1]\n");
        for (int i = 1; i < 12; i++) {
            yaml.append("a").append(i).append(": &a").append(i).append(" [");
            yaml.append(("*a" + (i - 1) + ",").repeat(10)).append("]\n");
        }
        Snapshot snapshot = read(yaml.toString());
        assertThat(snapshot.damages()).hasSize(1);
        assertThat(snapshot.damages().get(0).problem()).contains("aliases stand for more than");
    }

    @Test
    void a_damaged_document_costs_only_itself_and_is_named_by_line() {
        Snapshot snapshot = read(
                "apiVersion: v1\nkind: A\nmetadata: {name: a}\n---\nkind: [\n---\napiVersion: v1\nkind: B\nmetadata: {name: b}\n");
        assertThat(snapshot.counts().keySet()).extracting(GroupKind::kind).containsExactly("A", "B");
        assertThat(snapshot.damages()).hasSize(1);
        assertThat(snapshot.damages().get(0).origin().toString()).startsWith("a.yaml:6");
    }

    @Test
    void duplicate_keys_and_unreadable_metadata_are_damages() {
        assertThat(read("apiVersion: v1\nkind: A\nkind: B\n").damages().get(0).toString())
                .startsWith("a.yaml:3:1: the key \"kind\" stands twice");
        assertThat(read("apiVersion: v1\nmetadata: {name: a}\n")
                        .damages()
                        .get(0)
                        .problem())
                .isEqualTo("this object has no readable kind");
        assertThat(read("apiVersion: v1\nkind: A\nmetadata: {labels: [a]}\n")
                        .damages()
                        .get(0)
                        .problem())
                .contains("metadata.labels");
    }

    @Test
    void lists_are_taken_apart_and_items_of_typed_lists_get_their_kind() {
        Snapshot snapshot = read(
                "apiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: a}\n- metadata: {name: b, namespace: n}\n");
        assertThat(snapshot.find(GroupKind.POD, "default", "a")).isPresent();
        assertThat(snapshot.find(GroupKind.POD, "n", "b").orElseThrow().origin().line())
                .isEqualTo(5);
    }

    @Test
    void json_is_read_with_positions_and_its_damage_named() {
        Snapshot good = Snapshot.ofText(
                "a.json", "{\"apiVersion\": \"v1\",\n \"kind\": \"Pod\", \"metadata\": {\"name\": \"p\"}}");
        assertThat(good.find(GroupKind.POD, "default", "p")
                        .orElseThrow()
                        .tree()
                        .get("kind")
                        .line())
                .isEqualTo(2);
        assertThat(Snapshot.ofText("a.json", "{\"a\": ").damages().get(0).problem())
                .startsWith("this is not valid JSON");
    }

    @Test
    void the_same_object_twice_is_one_and_two_that_differ_are_a_damage() {
        String pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n---\n";
        assertThat(read(pod + pod).damages()).isEmpty();
        assertThat(read(pod + pod).resources(GroupKind.POD)).hasSize(1);
        assertThat(read(pod + "apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {x: y}}\n")
                        .damages())
                .singleElement()
                .satisfies(damage -> assertThat(damage.problem()).contains("stands here and differently in a.yaml:1"));
    }

    @Test
    void a_directory_is_read_whole_and_unknown_kinds_are_kept_and_counted(@TempDir Path dir) throws Exception {
        Files.createDirectories(dir.resolve("sub"));
        Files.writeString(dir.resolve("a.yaml"), "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n");
        Files.writeString(
                dir.resolve("sub/b.json"),
                "{\"apiVersion\":\"x.io/v1\",\"kind\":\"Odd\",\"metadata\":{\"name\":\"o\"}}");
        Files.writeString(dir.resolve("values.yml"), "replicas: 3\n");
        Files.write(dir.resolve("bad.yaml"), new byte[] {(byte) 0xff, (byte) 0xfe, 0x41});
        Files.writeString(dir.resolve("readme.txt"), "no manifest");
        Snapshot snapshot = Snapshot.of(dir);
        assertThat(snapshot.counts())
                .containsEntry(new GroupKind("x.io", "Odd"), 1)
                .containsEntry(GroupKind.POD, 1);
        assertThat(snapshot.foreignDocuments()).isEqualTo(1);
        assertThat(snapshot.damages())
                .singleElement()
                .satisfies(d -> assertThat(d.problem()).contains("not UTF-8"));
        assertThatThrownBy(() -> Snapshot.of(dir.resolve("nowhere")))
                .isInstanceOf(SnapshotException.class)
                .hasMessageContaining("There is no file or directory");
    }

    @Test
    void namespaces_carry_the_label_that_the_server_sets() {
        Snapshot snapshot = read(
                "apiVersion: v1\nkind: Namespace\nmetadata: {name: a, labels: {t: x, kubernetes.io/metadata.name: liar}}\n");
        assertThat(snapshot.namespaceLabels("a")).isEqualTo(Map.of("t", "x", "kubernetes.io/metadata.name", "a"));
        assertThat(snapshot.namespaceLabels("unseen")).isEqualTo(Map.of("kubernetes.io/metadata.name", "unseen"));
    }

    @Test
    void pods_belong_to_their_outermost_owner_and_templates_stand_in_where_none_run() {
        Snapshot snapshot = read("""
                apiVersion: apps/v1
                kind: Deployment
                metadata: {name: web}
                spec: {template: {metadata: {labels: {app: web}}, spec: {containers: []}}}
                ---
                apiVersion: apps/v1
                kind: Deployment
                metadata: {name: idle}
                spec: {template: {metadata: {labels: {app: idle}}, spec: {containers: []}}}
                ---
                apiVersion: v1
                kind: Pod
                metadata:
                  name: web-5f-x
                  labels: {app: web, pod-template-hash: 5f}
                  ownerReferences: [{kind: ReplicaSet, name: web-5f, controller: true}]
                spec: {serviceAccountName: w}
                status: {phase: Running, podIPs: [{ip: 10.0.0.1}]}
                ---
                apiVersion: v1
                kind: Pod
                metadata: {name: done}
                spec: {}
                status: {phase: Succeeded, podIP: 10.0.0.1}
                """);
        Pods pods = Pods.of(snapshot);
        assertThat(pods.byWorkload().keySet())
                .containsExactly(
                        new WorkloadRef("default", "idle", "Deployment"),
                        new WorkloadRef("default", "web", "Deployment"));
        Pod web = pods.byWorkload()
                .get(new WorkloadRef("default", "web", "Deployment"))
                .get(0);
        assertThat(web.ips()).isEqualTo(List.of("10.0.0.1"));
        assertThat(web.serviceAccount()).isEqualTo("w");
        assertThat(web.fromTemplate()).isFalse();
    }

    @Test
    void pods_go_by_their_owner_reference_where_no_deployment_is_there() {
        Snapshot snapshot = Snapshot.ofText("x", """
                apiVersion: v1
                kind: Pod
                metadata:
                  name: web-5f-x
                  labels: {app: web, pod-template-hash: 5f}
                  ownerReferences: [{kind: ReplicaSet, name: web-5f, controller: true}]
                spec: {}
                """);
        assertThat(Pods.of(snapshot).byWorkload().keySet())
                .containsExactly(new WorkloadRef("default", "web-5f", "ReplicaSet"));
    }

    @Test
    void a_controller_whose_own_owner_is_not_there_is_the_workload() {
        String owned = """
                apiVersion: %s
                kind: %s
                metadata: {name: inner, ownerReferences: [{apiVersion: %s, kind: %s, name: outer, controller: true}]}
                spec: {template: {spec: {containers: []}}}
                """;
        String pod = """
                ---
                apiVersion: v1
                kind: Pod
                metadata: {name: p, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: inner, controller: true}]}
                spec: {}
                """;
        String set = owned.formatted("apps/v1", "ReplicaSet", "apps/v1", "Deployment");
        WorkloadRef inner = new WorkloadRef("default", "inner", "ReplicaSet");
        assertThat(Pods.of(Snapshot.ofText("x", set)).byWorkload().keySet()).containsExactly(inner);
        assertThat(Pods.of(Snapshot.ofText("x", set + pod)).byWorkload().keySet())
                .containsExactly(inner);
        assertThat(Pods.of(Snapshot.ofText("x", owned.formatted("batch/v1", "Job", "batch/v1", "CronJob")))
                        .byWorkload()
                        .keySet())
                .containsExactly(new WorkloadRef("default", "inner", "Job"));
        String outer = "---\n{apiVersion: %s, kind: %s, metadata: {name: outer}, spec: {template: {spec: {}}}}\n";
        assertThat(Pods.of(Snapshot.ofText("x", set + pod + outer.formatted("apps/v1", "Deployment")))
                        .byWorkload()
                        .keySet())
                .containsExactly(new WorkloadRef("default", "outer", "Deployment"));
        String rollout = owned.formatted("apps/v1", "ReplicaSet", "argoproj.io/v1alpha1", "Rollout")
                + outer.formatted("argoproj.io/v1alpha1", "Rollout");
        for (String pods : List.of("", pod)) {
            assertThat(Pods.of(Snapshot.ofText("x", rollout + pods))
                            .byWorkload()
                            .keySet())
                    .containsExactly(new WorkloadRef("default", "outer", "Rollout"));
        }
    }

    @Test
    void an_owner_that_does_not_control_a_pod_is_not_its_workload() {
        String pod = """
                apiVersion: v1
                kind: Pod
                metadata: {name: p, ownerReferences: [{%s}]}
                spec: {}
                """;
        assertThat(Pods.of(Snapshot.ofText("x", pod.formatted("kind: ReplicaSet, name: web")))
                        .byWorkload()
                        .keySet())
                .containsExactly(new WorkloadRef("default", "p", "Pod"));
        assertThat(Pods.of(Snapshot.ofText("x", pod.formatted("name: web, controller: true")))
                        .byWorkload()
                        .keySet())
                .containsExactly(new WorkloadRef("default", "web", "Pod"));
    }

    @Test
    void a_virtual_machine_is_a_workload() {
        String machine = """
                apiVersion: kubevirt.io/v1
                kind: VirtualMachine
                metadata: {name: vm}
                spec: {template: {metadata: {labels: {app: vm}}, spec: {domain: {}}}}
                """;
        WorkloadRef ref = new WorkloadRef("default", "vm", "VirtualMachine");
        Pods known = Pods.of(Snapshot.ofText("x", machine));
        assertThat(known.byWorkload().keySet()).containsExactly(ref);
        assertThat(known.all().get(0).labels())
                .isEqualTo(Map.of("app", "vm", "kubevirt.io", "virt-launcher", "vm.kubevirt.io/name", "vm"));
        Pods running = Pods.of(Snapshot.ofText("x", machine + """
                ---
                apiVersion: v1
                kind: Pod
                metadata:
                  name: virt-launcher-vm-x
                  ownerReferences: [{kind: VirtualMachineInstance, name: vm, controller: true}]
                spec: {}
                """));
        assertThat(running.byWorkload().keySet()).containsExactly(ref);
        assertThat(running.all().get(0).fromTemplate()).isFalse();
    }

    @Test
    void kinds_that_were_of_extensions_are_read_in_the_group_they_moved_to() {
        assertThat(Pods.of(Snapshot.ofText("x", """
                        apiVersion: extensions/v1beta1
                        kind: DaemonSet
                        metadata: {name: d}
                        spec: {template: {spec: {containers: []}}}
                        """)).byWorkload().keySet())
                .containsExactly(new WorkloadRef("default", "d", "DaemonSet"));
    }

    @Test
    void items_that_are_no_list_are_damage() {
        assertThat(Snapshot.ofText("x", "{apiVersion: v1, kind: PodList, items: {kind: Pod}}")
                        .damages())
                .extracting(Damage::problem)
                .containsExactly("items of this PodList is not a list");
    }

    @Test
    void selectors_that_cannot_be_read_say_so() {
        assertThat(Selector.of(first("apiVersion: v1\nkind: X\nspec: {matchExpression: []}\n")
                                .get("spec"))
                        .unreadable())
                .contains("a selector has no field \"matchExpression\"");
        Selector notIn = Selector.of(
                first("apiVersion: v1\nkind: X\nspec: {matchExpressions: [{key: a, operator: NotIn, values: [b]}]}\n")
                        .get("spec"));
        assertThat(notIn.matches(Map.of())).isTrue();
        assertThat(notIn.matches(Map.of("a", "b"))).isFalse();
    }
}
