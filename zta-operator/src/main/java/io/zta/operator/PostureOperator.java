package io.zta.operator;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.javaoperatorsdk.operator.Operator;
import java.time.Duration;

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
     * Starts to watch postures in all namespaces. Drift is reported and not repaired.
     *
     * @param client the client whose rights the operator has; it is not closed with the operator
     * @param interval after which a posture is verified again though nothing changed, positive
     */
    public static PostureOperator start(KubernetesClient client, Duration interval) {
        return start(client, interval, (posture, on) -> "no applier was given to this operator");
    }

    /**
     * Runs until the JVM is stopped, with the rights of the pod's service account (or the kubeconfig of the environment).
     *
     * @param arguments the interval, as in {@code PT5M}; five minutes where left out
     */
    public static void main(String[] arguments) throws InterruptedException {
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

    /** Stops watching. */
    @Override
    public void close() {
        operator.stop();
    }
}
