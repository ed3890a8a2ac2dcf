package io.zta.verify.probe;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import java.time.Duration;
import java.util.Optional;

/**
 * What takes a run's objects away once its time is over, with nobody left to do it, by the cluster's own controllers alone.
 *
 * <p>A Job without pods fails at its deadline and is deleted at once. With it goes a Service that it owns, and with the
 * Service the IPAddress that the API server keeps for it. That address belongs to no namespace, so that namespaces and other
 * cluster-wide objects may have it as their owner (a Job they may not), and the collector deletes what it owned.
 */
final class Deadline {
    private static final String NAME = "zta-deadline";
    private static final ResourceDefinitionContext ADDRESSES = new ResourceDefinitionContext.Builder()
            .withGroup("networking.k8s.io")
            .withVersion("v1")
            .withKind("IPAddress")
            .withPlural("ipaddresses")
            .withNamespaced(false)
            .build();

    private Deadline() {}

    /**
     * Makes it.
     *
     * @param namespace where the Job and the Service lie
     * @return the owner to name; empty where the API server keeps no such addresses (before Kubernetes 1.33)
     */
    static Optional<OwnerReference> after(Duration length, KubernetesClient client, String namespace) {
        Job job = client.resource(new JobBuilder()
                        .withNewMetadata()
                        .withName(NAME)
                        .withNamespace(namespace)
                        .endMetadata()
                        .withNewSpec()
                        .withParallelism(0)
                        .withActiveDeadlineSeconds(length.toSeconds())
                        .withTtlSecondsAfterFinished(0)
                        .withNewTemplate()
                        .withNewSpec()
                        .withRestartPolicy("Never")
                        .addNewContainer()
                        .withName("none")
                        .withImage("none")
                        .endContainer()
                        .endSpec()
                        .endTemplate()
                        .endSpec()
                        .build())
                .create();
        Service service = client.resource(new ServiceBuilder()
                        .withNewMetadata()
                        .withName(NAME)
                        .withNamespace(namespace)
                        .withOwnerReferences(owner(job))
                        .endMetadata()
                        .withNewSpec()
                        .addNewPort()
                        .withPort(1)
                        .endPort()
                        .endSpec()
                        .build())
                .create();
        GenericKubernetesResource address = client.genericKubernetesResources(ADDRESSES)
                .withName(service.getSpec().getClusterIP())
                .get();
        return Optional.ofNullable(address).map(Deadline::owner);
    }

    private static OwnerReference owner(HasMetadata object) {
        return new OwnerReferenceBuilder()
                .withApiVersion(object.getApiVersion())
                .withKind(object.getKind())
                .withName(object.getMetadata().getName())
                .withUid(object.getMetadata().getUid())
                .build();
    }
}
