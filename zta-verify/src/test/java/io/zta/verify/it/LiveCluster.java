package io.zta.verify.it;

import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;

/**
 * The cluster that integration tests run on: the one of {@code -Dzta.kubeconfig} or {@code ZTA_KUBECONFIG}. Without one a
 * test is reported as not run, with the reason.
 */
final class LiveCluster {
    private LiveCluster() {}

    /** The kubeconfig of the administrator. */
    static Path kubeconfig() {
        String given = Optional.ofNullable(System.getProperty("zta.kubeconfig"))
                .filter(path -> !path.isBlank())
                .orElse(Optional.ofNullable(System.getenv("ZTA_KUBECONFIG")).orElse(""));
        Assumptions.assumeTrue(
                !given.isBlank(), "not run: no cluster was given; name one with -Dzta.kubeconfig or ZTA_KUBECONFIG");
        if (!Files.isReadable(Path.of(given))) {
            throw new IllegalStateException("the kubeconfig " + given + " can't be read");
        }
        return Path.of(given);
    }

    /** A client with the administrator's rights. */
    static KubernetesClient admin() {
        return client(config());
    }

    private static Config config() {
        return Config.fromKubeconfig(kubeconfig().toFile());
    }

    /** A client that acts as somebody else, by impersonation. */
    static KubernetesClient as(String user, String... groups) {
        return client(new ConfigBuilder(config())
                .withImpersonateUsername(user)
                .withImpersonateGroups(groups)
                .build());
    }

    private static KubernetesClient client(Config config) {
        return new KubernetesClientBuilder().withConfig(config).build();
    }

    /** Creates a namespace of a name that no other test has, with these labels. */
    static String scratchNamespace(KubernetesClient client, String prefix, Map<String, String> labels) {
        String name = prefix + "-" + Long.toString(System.nanoTime() % 2_176_782_336L, 36);
        client.namespaces()
                .resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(name)
                        .withLabels(labels)
                        .endMetadata()
                        .build())
                .create();
        return name;
    }
}
