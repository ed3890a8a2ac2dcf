package io.zta.verify.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.zta.intent.Port.Protocol;
import io.zta.network.Connection.State;
import io.zta.network.Options;
import io.zta.network.Reachability;
import io.zta.snapshot.Pod;
import io.zta.snapshot.Snapshot;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The evaluator against the network plugin of the real cluster: generated sets of policies, and every pair of five pods on
 * three ports tried with real connections. Cilium does not match pods by ipBlock, which {@link Options#CILIUM} says; there
 * is no other difference. {@code -Dzta.seed} starts elsewhere, {@code -Dzta.sets} makes it longer.
 */
final class CiliumDifferentialIT {
    private static final long SEED = Long.getLong("zta.seed", 20261124L);
    private static final int SETS = Integer.getInteger("zta.sets", 60);
    private static final Duration LIMIT = Duration.ofSeconds(30);

    private static final KubernetesClient ADMIN = LiveCluster.admin();
    private static final ExecutorService THREADS = Executors.newFixedThreadPool(8);
    private static final Map<String, String> ADDRESSES = new LinkedHashMap<>();
    private static String red = "";
    private static String blue = "";
    private static Snapshot base = Snapshot.ofText("none", "");

    @BeforeAll
    static void create_pods() {
        red = LiveCluster.scratchNamespace(ADMIN, "netdiff", Map.of("team", "red"));
        blue = LiveCluster.scratchNamespace(ADMIN, "netdiff", Map.of("team", "blue"));
        for (String namespace : List.of(red, blue)) {
            Scene.await(
                    "the service account of " + namespace,
                    () -> ADMIN.serviceAccounts()
                                    .inNamespace(namespace)
                                    .withName("default")
                                    .get()
                            != null);
        }
        pod(red, "p1", "{app: web, tier: front}", "http", "other", false);
        pod(red, "p2", "{app: db, tier: back}", "other", "http", false);
        pod(red, "p3", "{app: web}", "plain", "side", true);
        pod(blue, "p4", "{app: web, tier: front}", "other", "http", false);
        pod(blue, "p5", "{tier: back}", "http", "plain", false);
        List<HasMetadata> all = new ArrayList<>();
        for (String namespace : List.of(red, blue)) {
            Scene.await(
                    "pods of " + namespace,
                    () -> ADMIN.pods().inNamespace(namespace).list().getItems().stream()
                            .allMatch(Scene::ready));
            all.add(ADMIN.namespaces().withName(namespace).get());
            ADMIN.pods().inNamespace(namespace).list().getItems().forEach(pod -> {
                all.add(pod);
                ADDRESSES.put(
                        namespace + "/" + pod.getMetadata().getName(),
                        pod.getStatus().getPodIP());
            });
        }
        StringBuilder text = new StringBuilder();
        all.forEach(object -> text.append("---\n").append(Serialization.asYaml(object)));
        base = Snapshot.ofText("cluster", text.toString());
        assertThat(base.damages()).isEmpty();
    }

    /** A pod that serves TCP 8080 and UDP 5353, and TCP 80 by a second container or an init container that goes on. */
    private static void pod(String namespace, String name, String labels, String high, String low, boolean sidecar) {
        String second = "{name: two, image: '" + Scene.IMAGE + "', imagePullPolicy: Never, "
                + (sidecar ? "restartPolicy: Always, " : "")
                + "command: [agnhost, netexec, --http-port=80, --udp-port=-1], ports: [{name: " + low
                + ", containerPort: 80}]}";
        Scene.create(
                ADMIN,
                "apiVersion: v1\nkind: Pod\nmetadata: {name: " + name + ", namespace: " + namespace + ", labels: "
                        + labels + "}\nspec: {terminationGracePeriodSeconds: 1, "
                        + (sidecar ? "initContainers: [" + second + "], " : "")
                        + "containers: [{name: one, image: '" + Scene.IMAGE + "', imagePullPolicy: Never, command:"
                        + " [agnhost, netexec, --http-port=8080, --udp-port=5353], ports: [{name: " + high
                        + ", containerPort: 8080}, {name: dns, protocol: UDP, containerPort: 5353}]}"
                        + (sidecar ? "" : ", " + second) + "]}\n");
    }

    @AfterAll
    static void delete_pods() {
        THREADS.shutdownNow();
        for (String namespace : List.of(red, blue)) {
            if (!namespace.isEmpty()) {
                ADMIN.namespaces().withName(namespace).withGracePeriod(0).delete();
            }
        }
        ADMIN.close();
    }

    @Test
    void every_connection_that_is_tried_is_let_through_or_not_as_predicted() {
        Set<String> open = observe();
        assertThat(open)
                .as("without policies every pod reaches every other on every port")
                .hasSize(ADDRESSES.size() * (ADDRESSES.size() - 1) * 3);
        PolicySets sets = new PolicySets(SEED, List.of(red, blue));
        long tried = 0;
        long denied = 0;
        int again = 0;
        System.out.println("seed " + SEED + ", " + SETS + " sets of policies");
        for (int i = 0; i < SETS; i++) {
            List<String> policies = sets.next();
            Set<String> wrong = disagreement(policies);
            if (!wrong.isEmpty()) { // the plugin may have missed its time on a busy machine: from the start
                again++;
                System.out.println("set " + i + " is tried again: " + wrong);
                wrong = disagreement(policies);
            }
            if (!wrong.isEmpty()) {
                List<String> small = shrink(policies);
                throw new AssertionError("seed " + SEED + ", set " + i + ": predicted and seen differ in " + wrong
                        + "\nfor\n" + String.join("\n", small) + "\nwith " + ADDRESSES);
            }
            tried += open.size();
            denied += open.size() - predict(policies).size();
        }
        System.out.println(tried + " connections tried, " + denied + " of them denied, none against the prediction");
        assertThat(again).as("sets that were tried twice").isLessThanOrEqualTo(SETS / 10);
        assertThat(denied).isBetween(tried / 20, tried * 19 / 20);
    }

    /** What is predicted and not seen, or seen and not predicted, once the plugin has settled. */
    private static Set<String> disagreement(List<String> policies) {
        for (String namespace : List.of(red, blue)) {
            ADMIN.network().v1().networkPolicies().inNamespace(namespace).delete();
        }
        policies.forEach(policy -> Scene.create(ADMIN, policy));
        Set<String> expected = predict(policies);
        Instant end = Instant.now().plus(LIMIT);
        int confirmed = 0;
        Set<String> seen = Set.of();
        while (confirmed < 2 && Instant.now().isBefore(end)) {
            seen = observe();
            confirmed = seen.equals(expected) ? confirmed + 1 : 0;
        }
        Set<String> wrong = new TreeSet<>();
        if (confirmed < 2) {
            for (String flow : seen) {
                if (!expected.contains(flow)) {
                    wrong.add("open: " + flow);
                }
            }
            for (String flow : expected) {
                if (!seen.contains(flow)) {
                    wrong.add("closed: " + flow);
                }
            }
        }
        return wrong;
    }

    private static List<String> shrink(List<String> policies) {
        List<String> small = new ArrayList<>(policies);
        for (int i = small.size() - 1; i >= 0 && small.size() > 1; i--) {
            List<String> fewer = new ArrayList<>(small);
            fewer.remove(i);
            if (!disagreement(fewer).isEmpty()) {
                small = fewer;
            }
        }
        return small;
    }

    private static Set<String> predict(List<String> policies) {
        Reachability reach = Reachability.of(
                base.with(Snapshot.ofText("policies", String.join("\n---\n", policies))), Options.CILIUM);
        Set<String> open = new TreeSet<>();
        for (Pod from : reach.pods().all()) {
            for (Pod to : reach.pods().all()) {
                if (!from.equals(to)) {
                    for (int port : List.of(80, 8080, 5353)) {
                        Protocol protocol = port == 5353 ? Protocol.UDP : Protocol.TCP;
                        State state = reach.between(from, to).state(protocol, port);
                        assertThat(state).as("%s", policies).isNotEqualTo(State.UNKNOWN);
                        if (state == State.ALLOWED) {
                            open.add(flow(from.display(), to.display(), port));
                        }
                    }
                }
            }
        }
        return open;
    }

    private static String flow(String from, String to, int port) {
        return from + " -> " + to + " " + port;
    }

    /** Every connection that is let through now: each pod tries all at once. */
    private static Set<String> observe() {
        List<Callable<Set<String>>> asked = new ArrayList<>();
        ADDRESSES.keySet().forEach(from -> asked.add(() -> observe(from)));
        Set<String> open = new TreeSet<>();
        try {
            for (Future<Set<String>> answer : THREADS.invokeAll(asked)) {
                open.addAll(answer.get());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
        return open;
    }

    private static Set<String> observe(String from) {
        StringBuilder script = new StringBuilder();
        ADDRESSES.forEach((to, ip) -> {
            if (!to.equals(from)) {
                for (int port : List.of(80, 8080)) {
                    script.append("(nc -w 1 ")
                            .append(ip)
                            .append(' ')
                            .append(port)
                            .append(" </dev/null >/dev/null 2>&1 && echo 'open ")
                            .append(flow(from, to, port))
                            .append("') &\n");
                }
                script.append("(agnhost connect ")
                        .append(ip)
                        .append(":5353 --protocol=udp --timeout=1s >/dev/null 2>&1 && echo 'open ")
                        .append(flow(from, to, 5353))
                        .append("') &\n");
            }
        });
        script.append("wait; echo done");
        String[] pod = from.split("/");
        String out = "";
        for (int attempt = 0; attempt < 4 && !out.contains("done"); attempt++) { // an exec that hangs is made anew
            out = Scene.exec(ADMIN, pod[0], pod[1], "one", "sh", "-c", script.toString());
        }
        if (!out.contains("done")) {
            throw new IllegalStateException("the probes of " + from + " did not end: " + out);
        }
        Set<String> open = new TreeSet<>();
        out.lines().filter(line -> line.startsWith("open ")).forEach(line -> open.add(line.substring(5)));
        return open;
    }
}
