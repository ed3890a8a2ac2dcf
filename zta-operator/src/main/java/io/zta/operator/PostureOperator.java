package io.zta.operator;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.javaoperatorsdk.operator.Operator;
import io.zta.Posture;
import io.zta.verify.apply.Applier;
import io.zta.verify.apply.ApplyException;
import io.zta.verify.apply.Plan;
import io.zta.verify.apply.PlanOptions;
import io.zta.verify.apply.Planner;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Objects;
import java.util.stream.Collectors;

/**
 * Runs the operator in a JVM: on its own with {@link #main}, or embedded. Needs the {@code ZeroTrustPosture} custom
 * resource definition in the cluster.
 */
public final class PostureOperator implements AutoCloseable {
    private final Operator operator;

    private PostureOperator(Operator operator) {
        this.operator = operator;
    }

    /**
     * Starts to watch postures in all namespaces. Drift is reported, and repaired where the posture says so.
     *
     * @param client the client whose rights the operator has; it is not closed with the operator
     * @param interval after which a posture is verified again though nothing changed, positive
     */
    public static PostureOperator start(KubernetesClient client, Duration interval) {
        return start(client, interval, PostureOperator::repair);
    }

    /**
     * What installs the operator, as one YAML stream: the custom resource's definition, its service account with the rights
     * to verify and report, and its Deployment. The rights to repair drift are a role of their own that is bound to nobody.
     *
     * @param image the image that runs {@link #main}
     */
    public static String manifests(String image) {
        if (!image.matches("[A-Za-z0-9][A-Za-z0-9._:/@-]*")) {
            throw new IllegalArgumentException("\"" + image + "\" is no image");
        }
        return "---\n" + text(Posture.class, "crd.yaml")
                + text(PostureOperator.class, "install.yaml").replace("IMAGE", image);
    }

    private static String text(Class<?> beside, String name) {
        try (InputStream in = Objects.requireNonNull(beside.getResourceAsStream(name), name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Runs until the JVM is stopped, with the rights of the pod's service account (or the kubeconfig of the environment); or
     * prints {@link #manifests}.
     *
     * @param arguments the interval, as in {@code PT5M}, five minutes where left out; or {@code --manifests IMAGE}
     */
    public static void main(String[] arguments) throws InterruptedException {
        if (arguments.length == 2 && arguments[0].equals("--manifests")) {
            System.out.print(manifests(arguments[1]));
            return;
        }
        Duration interval = arguments.length == 0 ? Duration.ofMinutes(5) : Duration.parse(arguments[0]);
        try (KubernetesClient client = new KubernetesClientBuilder().build();
                PostureOperator running = start(client, interval)) {
            Runtime.getRuntime().addShutdownHook(new Thread(running::close));
            Thread.currentThread().join();
        }
    }

    static PostureOperator start(KubernetesClient client, Duration interval, PostureReconciler.DriftRepair repair) {
        Operator operator = new Operator(overrider -> overrider
                .withKubernetesClient(client)
                .withCloseClientOnStop(false)
                .withUseSSAToPatchPrimaryResource(true));
        operator.register(new PostureReconciler(interval, repair));
        operator.start();
        return new PostureOperator(operator);
    }

    private static String repair(Posture posture, KubernetesClient client) {
        try {
            Plan plan = Planner.plan(posture, client, PlanOptions.none());
            if (!plan.refused().isEmpty()) {
                return plan.refused().stream().map(String::valueOf).collect(Collectors.joining("; "));
            }
            Applier.with(client).apply(plan);
            return "";
        } catch (ApplyException | KubernetesClientException e) {
            return String.valueOf(e.getMessage());
        }
    }

    /** Stops watching. */
    @Override
    public void close() {
        operator.stop();
    }
}
