package io.zta.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.zta.Posture;
import io.zta.ZeroTrust;
import io.zta.compile.Compiled;
import io.zta.compile.Manifests;
import io.zta.intent.Gateway;
import io.zta.intent.Phase;
import io.zta.intent.PodSecurity;
import io.zta.intent.Port;
import io.zta.intent.Workload;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NetworkObjectsTest {
    private static final Map<String, Posture> CASES = Map.of(
            "deny-direct-access", ZeroTrust.namespace("default").denyDirectAccess(),
            "ports-and-gateway",
                    ZeroTrust.namespace("shop")
                            .denyDirectAccess()
                            .onlyWorkloads(Workload.labelled("tier", "back"))
                            .onPorts(8080, 9090)
                            .throughGateway(Gateway.gatewayApi("edge", "front", "istio"))
                            .podSecurity(PodSecurity.RESTRICTED),
            "allows",
                    ZeroTrust.namespace("shop")
                            .denyDirectAccess()
                            .withoutGateway()
                            .allowWithinNamespace()
                            .allowFrom(Workload.labelled("app", "web").in("front"))
                            .onPort(8080),
            "egress",
                    ZeroTrust.namespace("shop")
                            .denyDirectAccess()
                            .denyEgress()
                            .allowWithinNamespace()
                            .allowTo(Workload.inNamespace("db").andLabelled("app", "pg"))
                            .onPort(5432)
                            .allowToAddresses("203.0.113.0/24")
                            .onPort(Port.tcpRange(443, 444)));

    private static String yaml(Posture posture) {
        StringBuilder out = new StringBuilder();
        new NetworkLayer()
                .compile(posture)
                .forEach(entry -> out.append("---\n# phase " + entry.phase().key()
                                + (entry.restricts() ? ", restricts" : ", allows") + "\n")
                        .append(Manifests.yaml(entry.object())));
        return out.toString();
    }

    @ParameterizedTest
    @ValueSource(strings = {"deny-direct-access", "ports-and-gateway", "allows", "egress"})
    void a_posture_compiles_to_exactly_these_objects(String name) {
        Path golden = Path.of("src/test/resources/golden/network", name + ".yaml");
        String actual = yaml(CASES.get(name));
        try {
            if (Boolean.getBoolean("golden.update")) {
                Files.writeString(golden, actual);
                fail("golden file %s was written; run again without -Dgolden.update", golden);
            }
            assertThat(actual).isEqualTo(Files.readString(golden));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void denials_are_applied_after_what_is_allowed() {
        List<Compiled> compiled = new NetworkLayer().compile(CASES.get("egress"));
        assertThat(compiled)
                .allMatch(entry -> entry.phase() == Phase.NETWORK)
                .filteredOn(Compiled::restricts)
                .extracting(entry -> entry.object().getMetadata().getName())
                .containsExactly("zta-default-deny", "zta-egress-default-deny");
    }

    @Test
    void the_same_posture_gives_the_same_bytes() {
        CASES.values().forEach(posture -> assertThat(yaml(posture)).isEqualTo(yaml(posture)));
    }

    @Test
    void the_order_of_the_calls_makes_no_difference() {
        Posture one = ZeroTrust.namespace("a").denyDirectAccess().denyEgress().onPorts(1, 2);
        Posture other = ZeroTrust.namespace("a").onPorts(2, 1).denyEgress().denyDirectAccess();
        assertThat(yaml(one)).isEqualTo(yaml(other));
    }
}
