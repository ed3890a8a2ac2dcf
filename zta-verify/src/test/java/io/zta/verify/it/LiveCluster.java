package io.zta.verify.it;

import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.k3s.K3sContainer;
import org.testcontainers.utility.DockerImageName;

/**
 * The cluster that integration tests run on: the one of {@code -Dzta.kubeconfig} or {@code ZTA_KUBECONFIG}. Without one a
 * test is reported as not run, with the reason; a test that an API server without nodes is enough for starts one in a
 * container where Docker answers.
 */
final class LiveCluster {
    private static @Nullable K3sContainer container;

    private LiveCluster() {}

    private static String given() {
        return Optional.ofNullable(System.getProperty("zta.kubeconfig"))
                .filter(path -> !path.isBlank())
                .orElse(Optional.ofNullable(System.getenv("ZTA_KUBECONFIG")).orElse(""));
    }

    private static boolean isGiven() {
        return !given().isBlank();
    }

    /** The kubeconfig of the administrator. */
    static Path kubeconfig() {
        String given = given();
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

    /**
     * An API server, nodes or not: the cluster that was given, else one in a container ({@code ZTA_K3S_IMAGE}, or
     * {@code rancher/k3s}) that lives as long as this JVM.
     */
    static synchronized Config apiServer() {
        if (isGiven()) {
            return config();
        }
        if (container == null) {
            Assumptions.assumeTrue(
                    DockerClientFactory.instance().isDockerAvailable(),
                    "not run: no cluster was given (-Dzta.kubeconfig or ZTA_KUBECONFIG), and no Docker engine answers");
            String image = Optional.ofNullable(System.getenv("ZTA_K3S_IMAGE"))
                    .filter(name -> !name.isBlank())
                    .orElse("rancher/k3s:v1.35.1-k3s1");
            container = new K3sContainer(DockerImageName.parse(image).asCompatibleSubstituteFor("rancher/k3s"));
            container.start();
        }
        return Config.fromKubeconfig(container.getKubeConfigYaml());
    }

    /** A client of that API server, acting as somebody else. */
    static KubernetesClient as(Config config, String user, String... groups) {
        return client(new ConfigBuilder(config)
                .withImpersonateUsername(user)
                .withImpersonateGroups(groups)
                .build());
    }

    /** A client that acts as somebody else, by impersonation. */
    static KubernetesClient as(String user, String... groups) {
        return client(new ConfigBuilder(config())
                .withImpersonateUsername(user)
                .withImpersonateGroups(groups)
                .build());
    }

    /** A client of that API server. */
    static KubernetesClient client(Config config) {
        return new KubernetesClientBuilder().withConfig(config).build();
    }

    /** Starts another JVM with the same class path, to be killed. */
    static Process java(Class<?> main, String... arguments) throws IOException {
        List<String> line = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
        line.addAll(List.of(arguments));
        return new ProcessBuilder(line)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
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
