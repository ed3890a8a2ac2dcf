package io.zta.verify.cli;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.zta.snapshot.Snapshot;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reads a live cluster. A class of its own, so that no other command loads a client. */
final class LiveCluster {
    private LiveCluster() {}

    static Snapshot read(Path kubeconfig) {
        if (!Files.isRegularFile(kubeconfig)) {
            throw new UsageException("There is no kubeconfig at " + kubeconfig
                    + ". Name the file that kubectl uses, often ~/.kube/config.");
        }
        Progress.say("reading the cluster of " + kubeconfig);
        Config config;
        try {
            config = Config.fromKubeconfig(new File(kubeconfig.toString()));
        } catch (RuntimeException e) {
            throw new UsageException(
                    "Cannot read " + kubeconfig + " as a kubeconfig: it is not the YAML that kubectl uses.");
        }
        try (KubernetesClient client =
                new KubernetesClientBuilder().withConfig(config).build()) {
            return Snapshot.of(client);
        }
    }
}
