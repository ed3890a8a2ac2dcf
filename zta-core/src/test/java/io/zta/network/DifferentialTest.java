package io.zta.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.zta.intent.Port.Protocol;
import io.zta.network.Connection.State;
import io.zta.network.Options.IpBlocks;
import io.zta.network.Options.Tiers;
import io.zta.snapshot.Pod;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/**
 * The evaluator against {@link SlowNetwork} on generated clusters: every pair of pods and addresses, on ports that rules
 * speak of and one they don't. {@code -Dzta.seed} starts elsewhere, {@code -Dzta.clusters} makes it longer.
 */
final class DifferentialTest {
    private static final List<String> OUTSIDE = List.of(
            "203.0.113.5",
            "203.0.113.200",
            "127.255.255.255",
            "128.0.0.0",
            "10.0.0.77",
            "10.200.0.1",
            "198.51.100.7",
            "2001:db8::1",
            "fd00::ffff");
    private static final List<Integer> PORTS = List.of(53, 80, 8080, 9, 1, 65535);
    private static final long SEED = Long.getLong("zta.seed", 20261124L);
    private static final int CLUSTERS = Integer.getInteger("zta.clusters", 120);

    private long compared;
    private long unknown;
    private long allowed;

    @Test
    void agrees_with_the_slow_evaluator_for_plugins_that_match_pods_by_address_and_that_do_not() {
        for (int i = 0; i < CLUSTERS; i++) {
            long seed = SEED + i;
            compare(seed, true);
            compare(seed, false);
        }
        System.out.println("seed " + SEED + ": " + compared + " connections compared, " + allowed + " allowed, "
                + unknown + " unknown");
        assertThat(compared).as("seed %s", SEED).isGreaterThan(100_000L * CLUSTERS / 120);
        assertThat(unknown).isLessThan(compared / 20);
        assertThat(allowed).isBetween(compared / 10, compared * 9 / 10);
    }

    private void compare(long seed, boolean match) {
        List<Map<String, Object>> objects = RandomCluster.of(seed, false);
        Optional<String> wrong = disagreement(objects, match, true);
        if (wrong.isPresent()) {
            List<Map<String, Object>> small = shrink(objects, match);
            fail(
                    "seed %s, ipBlocks %s pods: %s%n%s",
                    seed,
                    match ? "match" : "never match",
                    disagreement(small, match, false).orElse(wrong.get()),
                    text(small));
        }
    }

    private Optional<String> disagreement(List<Map<String, Object>> objects, boolean match, boolean count) {
        Options options = new Options(
                match ? IpBlocks.MATCH_PODS : IpBlocks.EXTERNAL_ONLY,
                Options.Nodes.ALLOWED,
                Tiers.ENFORCED,
                match ? Options.SidecarPorts.COUNTED : Options.SidecarPorts.IGNORED);
        Reachability reach = Reachability.of(Snapshot.ofText("generated", text(objects)), options);
        assertThat(reach.snapshot().damages()).isEmpty();
        Reachability assumingNothing = Reachability.of(reach.snapshot());
        List<SlowNetwork> plugins = List.of(
                new SlowNetwork(objects, match, true, match),
                new SlowNetwork(objects, match, true, !match),
                new SlowNetwork(objects, !match, true, match),
                new SlowNetwork(objects, !match, true, !match),
                new SlowNetwork(objects, match, false, match),
                new SlowNetwork(objects, match, false, !match),
                new SlowNetwork(objects, !match, false, match),
                new SlowNetwork(objects, !match, false, !match));
        Map<String, Pod> pods = new HashMap<>();
        reach.pods().all().forEach(pod -> pods.put(pod.display(), pod));
        List<SlowNetwork.End> ends = new ArrayList<>(SlowNetwork.pods(objects));
        // Replicas that no selector asks for by name stand together as one pod of their template.
        ends.forEach(end -> pods.computeIfAbsent(
                name(end),
                missing -> reach.pods().all().stream()
                        .filter(pod -> missing.startsWith(pod.workload().namespace() + "/"
                                + pod.workload().name() + "-"))
                        .findFirst()
                        .orElseThrow()));
        reach.pods().all().forEach(pod -> assertThat(pods).containsValue(pod));
        boolean sixes = reach.externalRanges().stream().anyMatch(AddressRange::isV6);
        OUTSIDE.stream()
                .filter(ip -> sixes || !ip.contains(":"))
                .map(SlowNetwork.End::address)
                .forEach(ends::add);
        for (SlowNetwork.End from : ends) {
            for (SlowNetwork.End to : ends) {
                boolean replicas = from.isPod() && !from.equals(to) && pods.get(name(from)) == pods.get(name(to));
                if (!from.isPod() && !to.isPod() || replicas) {
                    continue;
                }
                Connection connection = connection(reach, pods, from, to);
                Connection careful = connection(assumingNothing, pods, from, to);
                for (Protocol protocol : Protocol.values()) {
                    for (int port : PORTS) {
                        State state = connection.state(protocol, port);
                        SlowNetwork.Flow flow = new SlowNetwork.Flow(from, to, protocol.name(), port);
                        boolean expected = plugins.get(0).allows(flow);
                        if (count) {
                            compared++;
                            allowed += expected ? 1 : 0;
                            unknown += state == State.UNKNOWN ? 1 : 0;
                        }
                        boolean addressless = from.ips().contains(SlowNetwork.ANY_ADDRESS)
                                || to.ips().contains(SlowNetwork.ANY_ADDRESS);
                        boolean twofold = from.ips().size() > 1 || to.ips().size() > 1; // one family may be shut out
                        if (state == State.UNKNOWN ? !addressless && !twofold : (state == State.ALLOWED) != expected) {
                            return Optional.of(describe(flow) + " is " + state + ", expected "
                                    + (expected ? "ALLOWED" : "DENIED"));
                        }
                        State certain = careful.state(protocol, port);
                        for (SlowNetwork plugin : plugins) {
                            boolean sure = certain != State.UNKNOWN;
                            if (sure && (certain == State.ALLOWED) != plugin.allows(flow)) {
                                return Optional.of(
                                        describe(flow) + " is " + certain + " for any plugin, but not for one");
                            }
                        }
                    }
                }
            }
        }
        return Optional.empty();
    }

    private static Connection connection(
            Reachability reach, Map<String, Pod> pods, SlowNetwork.End from, SlowNetwork.End to) {
        Pod source = pods.get(name(from));
        Pod target = pods.get(name(to));
        if (source != null && target != null) {
            return reach.between(source, target);
        }
        return source != null
                ? reach.toAddresses(source, AddressRange.parse(to.name()).orElseThrow())
                : reach.fromAddresses(
                        AddressRange.parse(from.name()).orElseThrow(), java.util.Objects.requireNonNull(target));
    }

    private static String name(SlowNetwork.End end) {
        return end.namespace() + "/" + end.name();
    }

    private static String describe(SlowNetwork.Flow flow) {
        return flow.from().namespace() + "/" + flow.from().name() + " -> "
                + flow.to().namespace() + "/" + flow.to().name() + " " + flow.protocol() + " " + flow.port();
    }

    /** Leaves out whatever is not needed for the two to disagree. */
    private List<Map<String, Object>> shrink(List<Map<String, Object>> objects, boolean match) {
        List<Map<String, Object>> small = new ArrayList<>(objects);
        for (int i = small.size() - 1; i >= 0; i--) {
            List<Map<String, Object>> fewer = new ArrayList<>(small);
            fewer.remove(i);
            if (disagreement(fewer, match, false).isPresent()) {
                small = fewer;
            }
        }
        return small;
    }

    private static String text(List<Map<String, Object>> objects) {
        try {
            return new ObjectMapper().writeValueAsString(Map.of("apiVersion", "v1", "kind", "List", "items", objects));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
