package io.zta.verify.watch;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.zta.Posture;
import io.zta.ZeroTrust;
import io.zta.finding.Claim;
import io.zta.finding.ClaimResult;
import io.zta.finding.Verdict;
import io.zta.intent.Phase;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import io.zta.snapshot.SnapshotException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a watcher says when objects, watches and the cluster itself come and go. */
class WatcherTest {
    private static final Posture POSTURE =
            ZeroTrust.namespace("shop").denyDirectAccess().upTo(Phase.NETWORK);
    private static final Watcher.Timing QUICK =
            new Watcher.Timing(Duration.ofMillis(20), Duration.ofMillis(20), Duration.ofHours(1));

    private final FakeFeed feed = new FakeFeed();
    private final Heard heard = new Heard();
    private @Nullable Watcher watcher;

    @AfterEach
    void close() {
        if (watcher != null) {
            watcher.close();
        }
    }

    private void watch(WatchListener... more) {
        WatchListener[] all = new WatchListener[more.length + 1];
        all[0] = heard;
        System.arraycopy(more, 0, all, 1, more.length);
        watcher = Watcher.start(List.of(POSTURE), feed, QUICK, Clock.systemUTC(), all);
    }

    private static Snapshot shop() {
        return Snapshot.ofText("shop.yaml", """
                        apiVersion: v1
                        kind: Namespace
                        metadata: {name: shop, labels: {kubernetes.io/metadata.name: shop}}
                        ---
                        apiVersion: v1
                        kind: Namespace
                        metadata: {name: other, labels: {kubernetes.io/metadata.name: other}}
                        ---
                        apiVersion: v1
                        kind: Pod
                        metadata: {name: orders, namespace: shop, resourceVersion: "1", labels: {app: orders}}
                        spec: {containers: [{name: app, image: app, ports: [{containerPort: 8080}]}]}
                        ---
                        apiVersion: v1
                        kind: Pod
                        metadata: {name: intruder, namespace: other, labels: {app: intruder}}
                        spec: {containers: [{name: app, image: app}]}
                        """)
                .with(Snapshot.ofText("zta.yaml", POSTURE.manifests().toYaml()));
    }

    /** Each of them isolates the pods it selects: only without any are they open. */
    private List<Resource> policies() {
        return feed.cluster.resources(GroupKind.NETWORK_POLICY, "shop");
    }

    private static String verdict(Verified verified) {
        return verified.reports().get(0).claims().stream()
                .filter(result -> result.claim() == Claim.DIRECT_ACCESS)
                .map(ClaimResult::verdict)
                .map(ClaimChange::name)
                .findFirst()
                .orElseThrow();
    }

    @Test
    void a_policy_that_goes_is_told_with_its_findings_and_one_that_comes_back_is_proven_again() throws Exception {
        watch();
        assertThat(heard.change().from()).isEmpty();
        assertThat(verdict(heard.verified())).isEqualTo("Proven");

        List<Resource> policies = policies();
        policies.forEach(feed::remove);
        ClaimChange opened = heard.change();
        assertThat(opened.to().claim()).isEqualTo(Claim.DIRECT_ACCESS);
        assertThat(ClaimChange.name(opened.from().orElseThrow().verdict())).isEqualTo("Proven");
        assertThat(opened.findings()).isNotEmpty();
        assertThat(opened.causes()).contains(policies.get(0).display() + " gone");

        policies.forEach(feed::put);
        ClaimChange closed = heard.change();
        assertThat(closed.to().verdict()).isInstanceOf(Verdict.Proven.class);
        assertThat(closed.causes()).contains(policies.get(0).display() + " new");
        assertThat(closed.toText())
                .contains("Violated -> Proven (" + policies.get(0).display() + " new")
                .startsWith(POSTURE.id() + " direct-access, ");
    }

    @Test
    void a_lost_watch_makes_unknown_of_what_was_proven_and_everything_is_read_again_when_it_is_back() throws Exception {
        watch();
        assertThat(verdict(heard.verified())).isEqualTo("Proven");
        int reads = feed.reads.get();
        feed.lost = Optional.of("networkpolicies: connection reset");
        Verified unknown = heard.verified();
        assertThat(verdict(unknown)).isEqualTo("Unknown");
        assertThat(unknown.current()).isFalse();
        assertThat(heard.failures.poll(5, TimeUnit.SECONDS)).contains("connection reset");

        // What happens meanwhile is heard by no watch.
        for (Resource policy : policies()) {
            feed.cluster = feed.cluster.without(policy);
        }
        feed.lost = Optional.empty();
        Verified back = heard.verified();
        assertThat(verdict(back)).isEqualTo("Violated");
        assertThat(back.current()).isTrue();
        assertThat(feed.reads.get()).isGreaterThan(reads);
    }

    @Test
    void a_change_while_the_watch_is_lost_proves_nothing() throws Exception {
        watch();
        heard.verified();
        List<Resource> policies = policies();
        policies.forEach(feed::remove);
        assertThat(verdict(heard.verified())).isEqualTo("Violated");
        feed.lost = Optional.of("gone");
        heard.verified();
        policies.forEach(feed::put);
        assertThat(heard.all.poll(300, TimeUnit.MILLISECONDS)).isNull();
        feed.lost = Optional.empty();
        assertThat(verdict(heard.verified())).isEqualTo("Proven");
    }

    @Test
    void a_cluster_that_does_not_answer_at_first_is_unknown_until_it_does() throws Exception {
        feed.down = true;
        watch();
        assertThat(verdict(heard.verified())).isNotEqualTo("Proven");
        feed.down = false;
        assertThat(verdict(heard.verified())).isEqualTo("Proven");
    }

    @Test
    void what_is_heard_while_everything_is_read_goes_over_what_was_read() throws Exception {
        List<Resource> policies = policies();
        feed.whileReading = () -> policies.forEach(feed::remove);
        watch();
        assertThat(verdict(heard.verified())).isEqualTo("Violated");
    }

    @Test
    void a_burst_of_changes_is_verified_once_and_a_write_that_changes_nothing_not_at_all() throws Exception {
        watch();
        heard.verified();
        Resource pod = feed.cluster.find(GroupKind.POD, "shop", "orders").orElseThrow();
        assertThat(pod.tree().at("metadata", "resourceVersion").textOr("")).isEqualTo("1");
        feed.put(Snapshot.ofText("again", podAt("2")).resources().findFirst().orElseThrow());
        assertThat(heard.all.poll(300, TimeUnit.MILLISECONDS))
                .as("only the resourceVersion changed")
                .isNull();
        for (int i = 0; i < 20; i++) {
            feed.put(Snapshot.ofText(
                            "more", "{apiVersion: v1, kind: ConfigMap, metadata: {name: m" + i + ", namespace: shop}}")
                    .resources()
                    .findFirst()
                    .orElseThrow());
        }
        int verifications = 0;
        while (heard.all.poll(400, TimeUnit.MILLISECONDS) != null) {
            verifications++;
        }
        assertThat(verifications).isBetween(1, 3);
        assertThat(heard.changes.stream().filter(change -> change.from().isPresent()))
                .isEmpty();
    }

    private static String podAt(String version) {
        return """
               apiVersion: v1
               kind: Pod
               metadata: {name: orders, namespace: shop, resourceVersion: "%s", labels: {app: orders}}
               spec: {containers: [{name: app, image: app, ports: [{containerPort: 8080}]}]}
               """.formatted(version);
    }

    @Test
    void a_new_kind_is_read_and_a_listener_that_throws_stops_nobody() throws Exception {
        watch(new WatchListener() {
            @Override
            public void verified(Verified verified) {
                throw new IllegalStateException("broken listener");
            }
        });
        heard.verified();
        assertThat(heard.failures.poll(5, TimeUnit.SECONDS)).contains("broken listener");
        int reads = feed.reads.get();
        feed.covers = false;
        feed.sink().kindsChanged();
        heard.verified();
        assertThat(feed.reads.get()).isEqualTo(reads + 1);
    }

    @Test
    void meters_show_the_verdict_of_each_claim_the_last_verification_and_errors() throws Exception {
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        watch(WatchMetrics.of(registry), heard.last());
        heard.settled();
        assertThat(gauge(registry, "proven")).isEqualTo(1);
        assertThat(gauge(registry, "violated")).isZero();
        assertThat(registry.get("zta.watch.current").gauge().value()).isEqualTo(1);
        assertThat(registry.get("zta.verification.last").gauge().value()).isGreaterThan(1.6e9);
        assertThat(registry.get("zta.verification").timer().count()).isPositive();
        assertThat(registry.get("zta.watch.errors").counter().count()).isZero();

        policies().forEach(feed::remove);
        heard.settled();
        assertThat(gauge(registry, "violated")).isEqualTo(1);
        assertThat(gauge(registry, "proven")).isZero();
        assertThat(registry.get("zta.findings").gauge().value()).isPositive();

        feed.lost = Optional.of("gone");
        heard.settled();
        assertThat(registry.get("zta.watch.current").gauge().value()).isZero();
        assertThat(registry.get("zta.watch.errors").counter().count()).isPositive();
    }

    private static double gauge(SimpleMeterRegistry registry, String verdict) {
        return registry.get("zta.claim")
                .tags("claim", "direct-access", "namespace", "shop", "verdict", verdict)
                .gauge()
                .value();
    }

    /** Remembers what it hears. */
    private static final class Heard implements WatchListener {
        private final BlockingQueue<ClaimChange> changes = new LinkedBlockingQueue<>();
        private final BlockingQueue<Verified> all = new LinkedBlockingQueue<>();
        private final BlockingQueue<String> failures = new LinkedBlockingQueue<>();
        private final BlockingQueue<Verified> afterOthers = new LinkedBlockingQueue<>();

        @Override
        public void changed(ClaimChange change) {
            if (change.to().claim() == Claim.DIRECT_ACCESS) {
                changes.add(change);
            }
        }

        @Override
        public void verified(Verified verified) {
            all.add(verified);
        }

        @Override
        public void failed(String what) {
            failures.add(what);
        }

        /** Hears after the listeners given before it. */
        WatchListener last() {
            return new WatchListener() {
                @Override
                public void verified(Verified verified) {
                    afterOthers.add(verified);
                }
            };
        }

        private static <T> T next(BlockingQueue<T> queue) throws InterruptedException {
            T next = queue.poll(10, TimeUnit.SECONDS);
            assertThat(next).as("heard within 10 s").isNotNull();
            return java.util.Objects.requireNonNull(next);
        }

        ClaimChange change() throws InterruptedException {
            return next(changes);
        }

        Verified verified() throws InterruptedException {
            return next(all);
        }

        void settled() throws InterruptedException {
            next(afterOthers);
        }
    }

    /** A cluster in memory. */
    private static final class FakeFeed implements Feed {
        private final AtomicInteger reads = new AtomicInteger();
        private volatile Snapshot cluster = shop();
        private volatile Optional<String> lost = Optional.empty();
        private volatile boolean down;
        private volatile boolean covers = true;
        private volatile Runnable whileReading = () -> {};
        private volatile @Nullable Sink sink;

        private Sink sink() {
            return java.util.Objects.requireNonNull(sink);
        }

        void put(Resource resource) {
            cluster = cluster.with(List.of(resource));
            sink().present(resource);
        }

        void remove(Resource resource) {
            cluster = cluster.without(resource);
            sink().gone(resource);
        }

        @Override
        public void follow(Sink hears) {
            sink = hears;
            covers = true;
        }

        @Override
        public boolean covers() {
            return covers;
        }

        @Override
        public Snapshot read() {
            if (down) {
                throw new SnapshotException("The API server does not answer.");
            }
            reads.incrementAndGet();
            Snapshot read = cluster;
            whileReading.run();
            return read;
        }

        @Override
        public Optional<String> lost() {
            return lost;
        }

        @Override
        public void close() {}
    }
}
