package io.zta.examples;

import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.List;

/** Clusters of any size for benchmarks; the same numbers give the same objects. */
final class GeneratedCluster {
    private static final int PER_NAMESPACE = 20;

    private GeneratedCluster() {}

    /** Workloads of so many pods each, twenty to a namespace, and policies that select one workload each. */
    static Snapshot of(int workloads, int replicas, int policies) {
        List<Resource> resources = new ArrayList<>();
        for (int i = 0; i < workloads; i += PER_NAMESPACE) {
            resources.add(read("""
                    apiVersion: v1
                    kind: Namespace
                    metadata: {name: %s, labels: {team: t%d}}
                    """.formatted(namespace(i), i / PER_NAMESPACE % 10)));
        }
        for (int i = 0; i < workloads; i++) {
            StringBuilder yaml = new StringBuilder();
            for (int k = 0; k < replicas; k++) {
                int number = i * replicas + k;
                yaml.append("""
                        ---
                        apiVersion: v1
                        kind: Pod
                        metadata:
                          name: w%d-%d
                          namespace: %s
                          labels: {app: w%d, tier: %s}
                          ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: w%d, controller: true}]
                        spec: {containers: [{name: c, ports: [{name: http, containerPort: 8080}]}]}
                        status: {phase: Running, podIP: 10.%d.%d.%d}
                        """.formatted(
                                i,
                                k,
                                namespace(i),
                                i,
                                i % 3 == 0 ? "front" : "back",
                                i,
                                number >> 16,
                                number >> 8 & 255,
                                number & 255));
            }
            Snapshot.ofText("generated", yaml.toString()).resources().forEach(resources::add);
        }
        for (int i = 0; i < policies; i++) {
            resources.add(policy(i, workloads, "8080"));
        }
        return Snapshot.of(resources);
    }

    /** The policy of this number: its workload is entered by a neighbour, by a team's front, and from an address block. */
    static Resource policy(int number, int workloads, String port) {
        int workload = number % workloads;
        int neighbour = workload - workload % PER_NAMESPACE + (workload + 1) % PER_NAMESPACE;
        return read("""
                apiVersion: networking.k8s.io/v1
                kind: NetworkPolicy
                metadata: {name: p%d, namespace: %s}
                spec:
                  podSelector: {matchLabels: {app: w%d}}
                  policyTypes: [Ingress, Egress]
                  ingress:
                  - from: [{podSelector: {matchLabels: {app: w%d}}}]
                    ports: [{port: %s}]
                  - from:
                    - namespaceSelector: {matchLabels: {team: t%d}}
                      podSelector: {matchExpressions: [{key: tier, operator: NotIn, values: [back]}]}
                    - ipBlock: {cidr: 203.0.%d.0/24, except: [203.0.%d.128/25]}
                    ports: [{port: http}, {port: 9000, endPort: 9010}]
                  egress:
                  - to: [{namespaceSelector: {}}]
                """.formatted(
                        number, namespace(workload), workload, neighbour, port, number % 10, number % 16, number % 16));
    }

    private static String namespace(int workload) {
        return "n" + workload / PER_NAMESPACE;
    }

    private static Resource read(String yaml) {
        return Snapshot.ofText("generated", yaml).resources().findFirst().orElseThrow();
    }
}
