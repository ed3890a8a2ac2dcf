package io.zta.network;

import static org.assertj.core.api.Assertions.assertThat;

import io.zta.intent.Port.Protocol;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What rows let through beyond others. */
final class BeyondTest {
    private static final String POD = "shop/orders[Deployment]";

    private static List<Reach.Row> beyond(List<Reach.Row> rows, List<Reach.Row> others) {
        return new Beyond().of(rows, others);
    }

    private static Reach.Row row(String src, String dst, String conn) {
        return new Reach.Row(src, dst, conn);
    }

    @Test
    void equal_rows_have_nothing_beyond_each_other() {
        List<Reach.Row> rows = List.of(row("a/b[Pod]", POD, "TCP 80"), row("10.0.0.0-10.0.0.9", POD, "UDP 53"));
        assertThat(beyond(rows, rows)).isEmpty();
    }

    @Test
    void only_the_further_ports_are_named() {
        assertThat(beyond(List.of(row("a/b[Pod]", POD, "TCP 80-90,UDP 53")), List.of(row("a/b[Pod]", POD, "TCP 85"))))
                .containsExactly(row("a/b[Pod]", POD, "TCP 80-84,86-90,UDP 53"));
    }

    @Test
    void ranges_cut_in_other_places_are_compared_address_by_address() {
        List<Reach.Row> now =
                List.of(row("0.0.0.0-9.255.255.255", POD, "TCP 80"), row("10.0.0.0-255.255.255.255", POD, "TCP 80"));
        assertThat(beyond(now, List.of(row("0.0.0.0-255.255.255.255", POD, "TCP 80"))))
                .isEmpty();
        assertThat(beyond(now, List.of(row("10.0.0.5-10.0.0.6", POD, "TCP 80"))))
                .containsExactly(
                        row("0.0.0.0-10.0.0.4", POD, "TCP 80"), row("10.0.0.7-255.255.255.255", POD, "TCP 80"));
    }

    @Test
    void what_leaves_a_workload_is_kept_apart_from_what_enters_it() {
        Reach.Row out = row(POD, "10.0.0.0-10.0.0.9", "TCP 80");
        Reach.Row in = row("10.0.0.0-10.0.0.9", POD, "TCP 80");
        assertThat(beyond(List.of(out, in), List.of(in))).containsExactly(out);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
    void random_ranges_agree_with_asking_for_each_address_and_port(long seed) {
        Random random = new Random(seed);
        List<Reach.Row> now = rows(random);
        List<Reach.Row> old = rows(random);
        List<Reach.Row> more = beyond(now, old);
        for (int address = 0; address < 40; address++) {
            for (int port = 1; port <= 12; port++) {
                assertThat(allows(more, address, port))
                        .as("seed %s address %s port %s", seed, address, port)
                        .isEqualTo(allows(now, address, port) && !allows(old, address, port));
            }
        }
    }

    /** Ranges that do not overlap, as one side of a snapshot has them. */
    private static List<Reach.Row> rows(Random random) {
        List<Reach.Row> rows = new ArrayList<>();
        int next = random.nextInt(6);
        while (next < 36) {
            int last = next + random.nextInt(8);
            int port = 1 + random.nextInt(8);
            rows.add(row(
                    "10.0.0." + next + "-10.0.0." + last, POD, "TCP " + port + "-" + (port + 1 + random.nextInt(3))));
            next = last + 1 + random.nextInt(3);
        }
        return rows;
    }

    private static boolean allows(List<Reach.Row> rows, int address, int port) {
        for (Reach.Row row : rows) {
            String[] ends = row.src().split("-");
            int first = Integer.parseInt(ends[0].substring(ends[0].lastIndexOf('.') + 1));
            int last = Integer.parseInt(ends[1].substring(ends[1].lastIndexOf('.') + 1));
            if (first <= address && address <= last && Beyond.ports(row.conn()).contains(Protocol.TCP, port)) {
                return true;
            }
        }
        return false;
    }
}
