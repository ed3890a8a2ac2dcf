package io.zta.rbac.extras;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.zta.Posture;
import io.zta.ZeroTrust;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What Gatekeeper's own evaluator, named by {@code ZTA_GATOR} or {@code -Dzta.gator}, says of the constraints. */
class GatorTest {
    private static final Posture POSTURE =
            ZeroTrust.namespace("shop").denyDirectAccess().strictMtls();

    @TempDir
    static Path folder;

    private static String gator = "";
    private static Path constraints = Path.of("");

    @BeforeAll
    static void find() throws IOException {
        gator = System.getProperty("zta.gator", System.getenv().getOrDefault("ZTA_GATOR", ""));
        assumeTrue(!gator.isEmpty(), "no gator is named by ZTA_GATOR or -Dzta.gator");
        constraints = Files.writeString(
                folder.resolve(GatekeeperConstraints.NAME),
                GatekeeperConstraints.of(POSTURE).content());
    }

    private static String pod(String namespace, String metadata) {
        return "{apiVersion: v1, kind: Pod, metadata: {name: app, namespace: " + namespace + metadata
                + "}, spec: {containers: [{name: app, image: app}]}}";
    }

    private static String mtls(String namespace, String spec) {
        return "{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: app, namespace: "
                + namespace + "}, spec: {" + spec + "}}";
    }

    private static String policy(String namespace, String ingress) {
        return "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: app, namespace: " + namespace
                + "}, spec: {podSelector: {}, ingress: [" + ingress + "]}}";
    }

    static Stream<Arguments> refused() {
        return Stream.of(
                Arguments.of("out by label", pod("shop", ", labels: {sidecar.istio.io/inject: 'false'}"), "inject"),
                Arguments.of(
                        "out by annotation",
                        pod("shop", ", annotations: {sidecar.istio.io/inject: 'false'}"),
                        "inject"),
                Arguments.of(
                        "a port past the sidecar",
                        pod("shop", ", annotations: {traffic.sidecar.istio.io/excludeInboundPorts: '8080'}"),
                        "excludeInboundPorts"),
                Arguments.of(
                        "another proxy",
                        pod("shop", ", annotations: {sidecar.istio.io/proxyImage: 'mine'}"),
                        "proxyImage"),
                Arguments.of("permissive", mtls("shop", "mtls: {mode: PERMISSIVE}"), "PERMISSIVE"),
                Arguments.of(
                        "a port disabled",
                        mtls("shop", "mtls: {mode: STRICT}, portLevelMtls: {'8080': {mode: DISABLE}}"),
                        "8080"),
                Arguments.of("everybody", policy("shop", "{}"), "without peers"),
                Arguments.of("everybody on a port", policy("shop", "{ports: [{port: 8080}]}"), "without peers"));
    }

    static Stream<Arguments> letThrough() {
        return Stream.of(
                Arguments.of("a pod", pod("shop", ", labels: {app: web}, annotations: {note: text}")),
                Arguments.of(
                        "a pod that asks for its sidecar", pod("shop", ", labels: {sidecar.istio.io/inject: 'true'}")),
                Arguments.of("strict", mtls("shop", "mtls: {mode: STRICT}, portLevelMtls: {'8080': {mode: STRICT}}")),
                Arguments.of("named peers", policy("shop", "{from: [{podSelector: {}}]}")),
                Arguments.of("nobody", policy("shop", "")),
                Arguments.of("elsewhere, a pod", pod("other", ", labels: {sidecar.istio.io/inject: 'false'}")),
                Arguments.of("elsewhere, permissive", mtls("other", "mtls: {mode: PERMISSIVE}")),
                Arguments.of("elsewhere, everybody", policy("other", "{}")));
    }

    private record Said(int exit, String text) {}

    private static Said gator(String object) throws IOException, InterruptedException {
        Path file = Files.writeString(Files.createTempFile(folder, "object", ".yaml"), object);
        Process process = new ProcessBuilder(gator, "test", "--filename=" + constraints, "--filename=" + file)
                .redirectErrorStream(true)
                .start();
        // It would wait for objects on its standard input.
        process.getOutputStream().close();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Said(process.waitFor(), text);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void refused(String what, String object, String because) throws Exception {
        Said said = gator(object);
        assertThat(said.exit()).as(said.text()).isEqualTo(1);
        assertThat(said.text()).contains("zta-" + POSTURE.id()).contains(because);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("letThrough")
    void let_through(String what, String object) throws Exception {
        Said said = gator(object);
        assertThat(said.exit()).as(said.text()).isZero();
    }
}
