package io.zta.verify.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.zta.Posture;
import io.zta.ZeroTrust;
import io.zta.finding.Claim;
import io.zta.finding.ClaimResult;
import io.zta.finding.Verdict;
import io.zta.intent.Phase;
import io.zta.snapshot.Snapshot;
import io.zta.verify.Verifier;
import io.zta.verify.watch.ClaimChange;
import io.zta.verify.watch.Verified;
import io.zta.verify.watch.WatchListener;
import io.zta.verify.watch.Watcher;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The watcher on a real cluster: a policy goes and comes back, and rights to watch are missing. */
class WatcherIT {
    private KubernetesClient client;
    private String namespace;

    @BeforeEach
    void open() {
        client = LiveCluster.admin();
        namespace = LiveCluster.scratchNamespace(client, "zta-watch", Map.of());
    }

    @AfterEach
    void close() {
        Leftovers.remove(client, namespace);
        client.close();
    }

    private static final class Heard implements WatchListener {
        private final BlockingQueue<ClaimChange> changes = new LinkedBlockingQueue<>();
        private final AtomicReference<Verified> last = new AtomicReference<>();
        private final BlockingQueue<String> failures = new LinkedBlockingQueue<>();

        @Override
        public void verified(Verified verified) {
            last.set(verified);
        }

        @Override
        public void changed(ClaimChange change) {
            if (change.to().claim() == Claim.DIRECT_ACCESS) {
                changes.add(change);
            }
        }

        @Override
        public void failed(String what) {
            failures.add(what);
        }

        ClaimChange until(Class<? extends Verdict> verdict, Duration limit) throws InterruptedException {
            long end = System.nanoTime() + limit.toNanos();
            while (true) {
                ClaimChange change = changes.poll(Math.max(1, end - System.nanoTime()), TimeUnit.NANOSECONDS);
                assertThat(change)
                        .as("%s within %s; failures %s", verdict.getSimpleName(), limit, failures)
                        .isNotNull();
                if (verdict.isInstance(Objects.requireNonNull(change).to().verdict())) {
                    return change;
                }
            }
        }
    }

    private Posture posture() {
        return ZeroTrust.namespace(namespace).denyDirectAccess().upTo(Phase.NETWORK);
    }

    private void workload() {
        client.apps()
                .deployments()
                .inNamespace(namespace)
                .resource(new io.fabric8.kubernetes.api.model.apps.DeploymentBuilder()
                        .withNewMetadata()
                        .withName("orders")
                        .withNamespace(namespace)
                        .endMetadata()
                        .withNewSpec()
                        .withReplicas(0)
                        .withNewSelector()
                        .addToMatchLabels("app", "orders")
                        .endSelector()
                        .withNewTemplate()
                        .withNewMetadata()
                        .addToLabels("app", "orders")
                        .endMetadata()
                        .withNewSpec()
                        .addNewContainer()
                        .withName("app")
                        .withImage("app")
                        .addNewPort()
                        .withContainerPort(8080)
                        .endPort()
                        .endContainer()
                        .endSpec()
                        .endTemplate()
                        .endSpec()
                        .build())
                .create();
    }

    private List<NetworkPolicy> apply(Posture posture) {
        posture.manifests().objects().stream()
                .filter(NetworkPolicy.class::isInstance)
                .forEach(policy -> client.resource(policy).create());
        return client.network()
                .v1()
                .networkPolicies()
                .inNamespace(namespace)
                .list()
                .getItems();
    }

    @Test
    void a_deleted_policy_is_told_within_seconds_and_put_back_it_is_proven_again() throws Exception {
        Posture posture = posture();
        workload();
        List<NetworkPolicy> policies = apply(posture);
        assertThat(policies).isNotEmpty();
        Snapshot live = Snapshot.of(client);
        boolean provable = Verifier.verify(posture, live).claims().stream()
                .filter(result -> result.claim() == Claim.DIRECT_ACCESS)
                .allMatch(result -> result.verdict() instanceof Verdict.Proven);
        assertThat(provable).as("the posture is proven by an ordinary reading").isTrue();

        Heard heard = new Heard();
        Watcher watcher = Watcher.start(List.of(posture), client, heard);
        try {
            heard.until(Verdict.Proven.class, Duration.ofSeconds(60));

            for (NetworkPolicy policy : policies) {
                client.resource(policy).delete();
            }
            ClaimChange opened = heard.until(Verdict.Violated.class, Duration.ofSeconds(10));
            assertThat(opened.findings()).isNotEmpty();
            assertThat(opened.causes())
                    .anySatisfy(cause -> assertThat(cause)
                            .startsWith("NetworkPolicy " + namespace + "/")
                            .endsWith(" gone"));

            apply(posture);
            heard.until(Verdict.Proven.class, Duration.ofSeconds(10));

            // What watches tell adds up to what a reading shows, to the last field of what is judged.
            Verified last = heard.last.get();
            assertThat(claims(Verifier.verify(posture, last.snapshot()).claims()))
                    .isEqualTo(
                            claims(Verifier.verify(posture, Snapshot.of(client)).claims()));
            assertThat(last.current()).isTrue();
        } finally {
            watcher.close();
        }
    }

    private static List<String> claims(List<ClaimResult> results) {
        return results.stream().map(ClaimResult::toString).toList();
    }

    @Test
    void a_connection_that_is_cut_without_a_word_makes_unknown_of_what_was_proven_in_time() throws Exception {
        Posture posture = posture();
        workload();
        List<NetworkPolicy> policies = apply(posture);
        Watcher.Timing timing = new Watcher.Timing(
                Duration.ofMillis(500), Duration.ofSeconds(1), Duration.ofMinutes(10), Duration.ofSeconds(12));
        Heard heard = new Heard();
        try (Tunnel tunnel = new Tunnel(client.getMasterUrl().toString());
                KubernetesClient through = LiveCluster.client(new ConfigBuilder(client.getConfiguration())
                        .withMasterUrl(tunnel.url())
                        .build())) {
            Watcher watcher = Watcher.start(List.of(posture), through, timing, Clock.systemUTC(), heard);
            try {
                heard.until(Verdict.Proven.class, Duration.ofSeconds(60));
                // Watches end and are opened anew meanwhile, which nobody hears of.
                assertThat(heard.changes.poll(15, TimeUnit.SECONDS)).isNull();
                assertThat(heard.failures).isEmpty();

                assertThat(tunnel.silence()).isPositive();
                policies.forEach(policy -> client.resource(policy).delete());
                ClaimChange unknown =
                        heard.until(Verdict.Unknown.class, timing.silence().plusSeconds(2));
                assertThat(unknown.doubts().toString()).contains("not being watched");
            } finally {
                watcher.close();
            }
        }
    }

    @Test
    void who_may_not_list_a_kind_gets_unknown_and_the_reason() throws Exception {
        workload();
        Posture posture = posture();
        apply(posture);
        Heard heard = new Heard();
        try (KubernetesClient nobody = LiveCluster.as("zta-watch-nobody")) {
            Watcher watcher = Watcher.start(List.of(posture), nobody, heard);
            try {
                ClaimChange unknown = heard.until(Verdict.Unknown.class, Duration.ofSeconds(60));
                assertThat(unknown.doubts().toString()).contains("forbidden");
            } finally {
                watcher.close();
            }
        }
    }
}
