package io.zta.verify.apply;

import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.zta.Posture;
import io.zta.ZeroTrust;
import io.zta.compile.Compiled;
import io.zta.intent.Phase;
import java.io.File;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A process that applies, to be killed while it does. */
public final class KillTarget {
    private KillTarget() {}

    public static Posture posture(String namespace) {
        return ZeroTrust.namespace(namespace).denyDirectAccess().upTo(Phase.NETWORK);
    }

    public static List<Compiled> objects(String namespace, String value) {
        List<Compiled> compiled = new ArrayList<>();
        for (int i = 0; i < 24; i++) {
            compiled.add(new Compiled(
                    new ConfigMapBuilder()
                            .withNewMetadata()
                            .withName("zta-object-" + i)
                            .withNamespace(namespace)
                            .endMetadata()
                            .withData(Map.of("value", value))
                            .build(),
                    Phase.NETWORK,
                    i % 2 == 1));
        }
        return compiled;
    }

    public static Applier applier(KubernetesClient client, String holder) {
        return Applier.with(client)
                .withPatience(Duration.ZERO, Duration.ofSeconds(5))
                .withLease(holder, Duration.ofSeconds(1));
    }

    /** Applies to the namespace, saying when it begins to write. */
    public static void main(String[] arguments) {
        try (KubernetesClient client = new KubernetesClientBuilder()
                .withConfig(Config.fromKubeconfig(new File(arguments[0])))
                .build()) {
            Posture posture = posture(arguments[1]);
            Plan plan = Planner.plan(posture, objects(arguments[1], arguments[2]), client, ApplySeam.mechanicsOnly());
            System.out.println("WRITING");
            applier(client, "victim").apply(plan);
            System.out.println("DONE");
        }
    }
}
