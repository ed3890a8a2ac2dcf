package io.zta.verify.cli;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.zta.verify.apply.ApplyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Which cluster a command of the live side works on. */
final class ClusterOptions {
    @Option(
            names = "--kubeconfig",
            paramLabel = "FILE",
            description = "the cluster; where left out, what kubectl would use, or the pod's own service account")
    private Optional<Path> kubeconfig = Optional.empty();

    KubernetesClient client() {
        KubernetesClientBuilder builder = new KubernetesClientBuilder();
        if (kubeconfig.isPresent()) {
            Path file = kubeconfig.get();
            if (!Files.isRegularFile(file)) {
                throw new IllegalCallException("There is no kubeconfig at " + file
                        + ". Name the file that kubectl uses, often ~/.kube/config.");
            }
            builder.withConfig(Config.fromKubeconfig(file.toFile()));
        }
        return builder.build();
    }

    /** A command that can't be carried out as it was given. */
    static final class IllegalCallException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        IllegalCallException(String message) {
            super(message);
        }
    }

    /** The exit code of a command that stopped: 1 where the cluster or a gate stands against it, 2 for a wrong call. */
    static int code(ApplyException problem) {
        return problem.reason() == ApplyException.Reason.USAGE ? 2 : 1;
    }
}
