package io.zta.verify.probe;

import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.PodSpecBuilder;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.PodTemplateSpecBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Forms the Jobs that probe pods run in. A Job ends at its deadline and is deleted a little later by the cluster, and with
 * it all that it owns: nothing stays, even if nobody is left to delete it.
 */
final class ProbeJobs {
    static final String CONTAINER = "probe";
    static final String RUN_LABEL = "zta.io/probe-run";
    static final String SOURCE_LABEL = "zta.io/probe";
    private static final String NEVER_READY = "zta.io/never-an-endpoint";
    private static final int KEPT_AFTER_END_SECONDS = 60;
    private static final String SCRIPT = text("shots.sh");

    private ProbeJobs() {}

    /** A Job that asks questions and leaves the answers in its pod's termination message. */
    static Job asking(Options options, String marker, Source source, List<Shot> shots, String tokenSecret) {
        Job job = job(options, marker, source, List.of("sh", "-c", SCRIPT));
        Map<String, String> environment = new TreeMap<>();
        environment.put("SHOTS", shots.stream().map(Shot::line).collect(Collectors.joining("\n")));
        environment.put("CONFIRM", Integer.toString(options.confirmations()));
        environment.put("SETTLE", Long.toString(options.settle().toSeconds()));
        environment.put("WAIT", "2");
        var container = job.getSpec().getTemplate().getSpec().getContainers().get(0);
        environment.forEach(
                (name, value) -> container.getEnv().add(new io.fabric8.kubernetes.api.model.EnvVar(name, value, null)));
        if (!tokenSecret.isEmpty()) {
            container
                    .getVolumeMounts()
                    .add(new io.fabric8.kubernetes.api.model.VolumeMountBuilder()
                            .withName("tokens")
                            .withMountPath("/tokens")
                            .withReadOnly(true)
                            .build());
            job.getSpec()
                    .getTemplate()
                    .getSpec()
                    .getVolumes()
                    .add(new io.fabric8.kubernetes.api.model.VolumeBuilder()
                            .withName("tokens")
                            .withNewSecret()
                            .withSecretName(tokenSecret)
                            .endSecret()
                            .build());
        }
        return job;
    }

    /** A Job that serves HTTP on ports until it is deleted. */
    static Job listening(Options options, String marker, Source source, List<Integer> ports) {
        String servers = ports.stream()
                .map(port -> "agnhost netexec --http-port=" + port + " --udp-port=-1 &")
                .collect(Collectors.joining(" "));
        return job(options, marker, source, List.of("sh", "-c", servers + " wait"));
    }

    private static Job job(Options options, String marker, Source source, List<String> command) {
        return new JobBuilder()
                .withNewMetadata()
                .withName(name(marker, source))
                .withNamespace(source.namespace())
                .withLabels(Map.of(RUN_LABEL, marker, "app.kubernetes.io/managed-by", "zta"))
                .endMetadata()
                .withNewSpec()
                .withBackoffLimit(0)
                .withActiveDeadlineSeconds(options.timeLimit().toSeconds())
                .withTtlSecondsAfterFinished(KEPT_AFTER_END_SECONDS)
                .withTemplate(template(options, marker, source, command))
                .endSpec()
                .build();
    }

    private static PodTemplateSpec template(Options options, String marker, Source source, List<String> command) {
        Map<String, String> labels = new TreeMap<>(source.labels());
        labels.put(RUN_LABEL, marker);
        labels.put(SOURCE_LABEL, source.name());
        return new PodTemplateSpecBuilder()
                .withNewMetadata()
                .withLabels(labels)
                .withAnnotations(source.annotations())
                .endMetadata()
                .withSpec(new PodSpecBuilder()
                        .withRestartPolicy("Never")
                        .withAutomountServiceAccountToken(false)
                        .withTerminationGracePeriodSeconds(1L)
                        .withEnableServiceLinks(false)
                        // No Service ever sends it traffic, whatever labels it wears.
                        .addNewReadinessGate(NEVER_READY)
                        .withNewSecurityContext()
                        .withRunAsNonRoot(true)
                        .withRunAsUser(65532L)
                        .withRunAsGroup(65532L)
                        .withNewSeccompProfile()
                        .withType("RuntimeDefault")
                        .endSeccompProfile()
                        .endSecurityContext()
                        .withContainers(new ContainerBuilder()
                                .withName(CONTAINER)
                                .withImage(options.image())
                                .withImagePullPolicy(options.pullPolicy())
                                .withCommand(command)
                                .withNewSecurityContext()
                                .withAllowPrivilegeEscalation(false)
                                .withNewCapabilities()
                                .addToDrop("ALL")
                                .endCapabilities()
                                .endSecurityContext()
                                .withNewResources()
                                .withRequests(Map.of("cpu", new Quantity("10m"), "memory", new Quantity("32Mi")))
                                .withLimits(Map.of("memory", new Quantity("256Mi")))
                                .endResources()
                                .addNewVolumeMount()
                                .withName("answers")
                                .withMountPath("/answers")
                                .endVolumeMount()
                                .build())
                        .addNewVolume()
                        .withName("answers")
                        .withNewEmptyDir()
                        .endEmptyDir()
                        .endVolume()
                        .build())
                .build();
    }

    static String name(String marker, Source source) {
        return "zta-probe-" + marker + "-" + source.name();
    }

    /** The text of a resource of this package. */
    static String text(String resource) {
        try (InputStream stream = Objects.requireNonNull(ProbeJobs.class.getResourceAsStream(resource), resource)) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
