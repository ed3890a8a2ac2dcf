package com.example.platform;

import static io.zta.verify.assertj.ZtaAssertions.assertThat;

import io.zta.ZeroTrust;
import io.zta.intent.Gateway;
import io.zta.snapshot.Snapshot;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Test;

/** The posture of a cluster, tested where the manifests are kept. */
class ShopPostureTest {
    private final Snapshot cluster = Snapshot.of(Path.of("../record/posture"));

    @Test
    void only_the_gateway_reaches_the_shop() {
        assertThat(cluster).namespace("default").isReachableOnlyFrom(Gateway.istio()).acceptsNoPlaintext();
    }

    @Test
    void nobody_gets_into_its_containers_but_the_mesh_that_runs_them() {
        assertThat(cluster).namespace("default").nobodyCanExecExcept("istio-system/istiod");
    }

    @Test
    void the_posture_holds() {
        assertThat(cluster)
                .as("the shop")
                .doesNotViolate(ZeroTrust.namespace("default")
                        .denyDirectAccess()
                        .strictMtls()
                        .noExecFor("developers"));
    }

    @Test
    void nothing_opens_with_this_change() {
        assertThat(cluster).opensNothingSince(Snapshot.of(Path.of("../record/phase-0")));
    }

    @Test
    void the_tool_prints_the_ways_that_are_open() {
        PrintStream before = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        try {
            System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
            OpenWays.main(new String[] {"../record/phase-0", "default"});
        } finally {
            System.setOut(before);
        }
        Assertions.assertThat(printed.toString(StandardCharsets.UTF_8)).contains("NET-direct Pod default/");
    }
}
