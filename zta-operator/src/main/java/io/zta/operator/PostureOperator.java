package io.zta.operator;

import io.fabric8.kubernetes.client.KubernetesClient;
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

    static PostureOperator start(KubernetesClient client, Duration interval, PostureReconciler.DriftRepair repair) {
        Operator operator = new Operator(overrider ->
                overrider.withKubernetesClient(client).withCloseClientOnStop(false).withUseSSAToPatchPrimaryResource(true));
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
