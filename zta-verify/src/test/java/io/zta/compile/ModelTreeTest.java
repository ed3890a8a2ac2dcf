package io.zta.compile;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.QuantityBuilder;
import io.zta.Posture;
import io.zta.ZeroTrust;
import io.zta.intent.Gateway;
import io.zta.intent.PodSecurity;
import io.zta.intent.Subject;
import io.zta.intent.TokenIssuer;
import io.zta.intent.Workload;
import io.zta.snapshot.Node;
import io.zta.snapshot.Snapshot;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** An object read field by field is what Jackson writes of it, for all that postures render. */
class ModelTreeTest {
    private static final List<Posture> POSTURES = List.of(
            ZeroTrust.namespace("shop")
                    .denyDirectAccess()
                    .strictMtls()
                    .noExecFor("developers")
                    .audit(),
            ZeroTrust.namespaces("shop", "pay")
                    .denyDirectAccess()
                    .allowFrom(Workload.inNamespace("tools").andLabelled("app", "debug"))
                    .onPort(8080)
                    .denyEgress()
                    .strictMtls()
                    .requireJwt(TokenIssuer.of("https://issuer.example.com"))
                    .noExecFor(Subject.user("eve"))
                    .keepExecFor(Subject.serviceAccount("backup", "velero")),
            ZeroTrust.namespace("shop")
                    .denyDirectAccess()
                    .podSecurity(PodSecurity.RESTRICTED)
                    .throughGateway(Gateway.custom("edge", Map.of("istio", "edge"), "edge")),
            ZeroTrust.namespace("shop").permissiveMtls());

    private static Node written(HasMetadata object) {
        return Snapshot.ofText("compiled", Manifests.yaml(object))
                .resources()
                .findFirst()
                .orElseThrow()
                .tree();
    }

    @Test
    void what_postures_render_is_read_as_it_is_written() {
        int objects = 0;
        for (Posture posture : POSTURES) {
            for (HasMetadata object : posture.manifests().objects()) {
                objects++;
                assertThat(ModelTree.of(object))
                        .as(object.getFullResourceName())
                        .contains(written(object));
                assertThat(Manifests.tree(object)).isEqualTo(written(object));
            }
        }
        assertThat(objects).isGreaterThan(40);
    }

    @Test
    void what_writes_itself_is_left_to_jackson() {
        HasMetadata pod = new PodBuilder()
                .withNewMetadata()
                .withName("p")
                .endMetadata()
                .withNewSpec()
                .addNewContainer()
                .withName("c")
                .withNewResources()
                .addToLimits("cpu", new QuantityBuilder().withAmount("1").build())
                .endResources()
                .endContainer()
                .endSpec()
                .build();
        assertThat(ModelTree.of(pod)).isEmpty();
        assertThat(Manifests.tree(pod)).isEqualTo(written(pod));
    }
}
