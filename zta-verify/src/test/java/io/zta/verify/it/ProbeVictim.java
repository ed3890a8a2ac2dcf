package io.zta.verify.it;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.zta.ZeroTrust;
import io.zta.verify.probe.Options;
import io.zta.verify.probe.Prober;
import java.io.File;
import java.time.Duration;

/** A process that probes, to be killed while it does. */
public final class ProbeVictim {
    private ProbeVictim() {}

    /** Probes a namespace, with strangers in the other one. */
    public static void main(String[] arguments) {
        try (KubernetesClient client = LiveCluster.client(Config.fromKubeconfig(new File(arguments[0])))) {
            Prober.probe(
                    ZeroTrust.namespace(arguments[1]).denyDirectAccess().strictMtls(),
                    client,
                    Options.defaults()
                            .withNamespace(arguments[2])
                            .withImage(Scene.IMAGE, "Never")
                            .withTimes(Duration.ofSeconds(30), Duration.ofSeconds(15), 3));
        }
    }
}
