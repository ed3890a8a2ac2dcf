package io.zta.verify.it;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.zta.ZeroTrust;
import io.zta.verify.probe.Options;
import io.zta.verify.probe.Prober;
import io.zta.verify.probe.RedTeam;
import java.io.File;
import java.time.Duration;

/** A process that probes, to be killed while it does. */
public final class ProbeVictim {
    private ProbeVictim() {}

    /** Probes a namespace, with strangers in the other one; or attacks, under the marker in its place. */
    public static void main(String[] arguments) {
        try (KubernetesClient client = LiveCluster.client(Config.fromKubeconfig(new File(arguments[0])))) {
            Options options = Options.defaults().withImage(Scene.IMAGE, "Never");
            if (arguments[1].equals("--attacks")) {
                RedTeam.run(
                        RedTeamIT.posture(),
                        client,
                        options.withMarker(arguments[2]).withTimes(Duration.ofSeconds(60), Duration.ofSeconds(10), 3));
            } else {
                Prober.probe(
                        ZeroTrust.namespace(arguments[1]).denyDirectAccess().strictMtls(),
                        client,
                        options.withNamespace(arguments[2])
                                .withTimes(Duration.ofSeconds(30), Duration.ofSeconds(15), 3));
            }
        }
    }
}
