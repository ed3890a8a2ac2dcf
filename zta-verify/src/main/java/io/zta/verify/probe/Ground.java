package io.zta.verify.probe;

import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The pods of one run: creates them, waits for them, reads their answers, and deletes them when closed. */
final class Ground implements AutoCloseable {
    private static final Duration REFUSAL = Duration.ofSeconds(20);
    private final KubernetesClient client;
    private final Options options;
    private final String marker;
    private final Instant end;
    private final List<Job> jobs = new ArrayList<>();

    Ground(KubernetesClient client, Options options, String marker) {
        this.client = client;
        this.options = options;
        this.marker = marker;
        this.end = Instant.now().plus(options.timeLimit());
    }

    /** A pod that was refused, or did not start or end in time; the message says why. */
    static final class NoPod extends Exception {
        private static final long serialVersionUID = 1;
        private final boolean refused;

        NoPod(String message, boolean refused) {
            super(message);
            this.refused = refused;
        }

        /** Why. */
        String why() {
            return String.valueOf(getMessage());
        }

        /** Whether the API server refused it. */
        boolean refused() {
            return refused;
        }
    }

    String marker() {
        return marker;
    }

    /** Starts a source that asks. */
    Job ask(Source source, List<Shot> shots) throws NoPod {
        return create(ProbeJobs.asking(options, marker, source, shots, ""));
    }

    /** Starts a source that asks with tokens, which go away with it. */
    Job ask(Source source, List<Shot> shots, Map<String, String> tokens) throws NoPod {
        if (tokens.isEmpty()) {
            return ask(source, shots);
        }
        String secret = ProbeJobs.name(marker, source);
        Job job = create(ProbeJobs.asking(options, marker, source, shots, secret));
        client.resource(new SecretBuilder()
                        .withNewMetadata()
                        .withName(secret)
                        .withNamespace(source.namespace())
                        .withOwnerReferences(owner(job))
                        .endMetadata()
                        .withStringData(tokens)
                        .build())
                .create();
        return job;
    }

    /** Starts a listener and, where asked, a policy that denies every connection to it. Gives its address. */
    String listen(Source source, List<Integer> ports, boolean denied) throws NoPod {
        Job job = create(ProbeJobs.listening(options, marker, source, ports));
        if (denied) {
            client.resource(new NetworkPolicyBuilder()
                            .withNewMetadata()
                            .withName(ProbeJobs.name(marker, source))
                            .withNamespace(source.namespace())
                            .withOwnerReferences(owner(job))
                            .endMetadata()
                            .withNewSpec()
                            .withNewPodSelector()
                            .addToMatchLabels(ProbeJobs.RUN_LABEL, marker)
                            .addToMatchLabels(ProbeJobs.SOURCE_LABEL, source.name())
                            .endPodSelector()
                            .withPolicyTypes("Ingress")
                            .endSpec()
                            .build())
                    .create();
        }
        return await(job, Ground::serving);
    }

    private static OwnerReference owner(HasMetadata job) {
        return new OwnerReferenceBuilder()
                .withApiVersion("batch/v1")
                .withKind("Job")
                .withName(job.getMetadata().getName())
                .withUid(job.getMetadata().getUid())
                .build();
    }

    private Job create(Job job) throws NoPod {
        try {
            Job made = client.resource(job).create();
            jobs.add(made);
            return made;
        } catch (KubernetesClientException e) {
            if (e.getCode() == 0) {
                throw e;
            }
            throw new NoPod(
                    "the API server refused Job " + job.getMetadata().getNamespace() + "/"
                            + job.getMetadata().getName() + ": " + said(e),
                    true);
        }
    }

    static String said(KubernetesClientException e) {
        return e.getStatus() != null && e.getStatus().getMessage() != null
                ? e.getStatus().getMessage()
                : String.valueOf(e.getMessage());
    }

    /** Waits for the answers of a source. */
    Map<String, Shot.Hit> answers(Job job) throws NoPod {
        String message = await(job, Ground::ended);
        Map<String, Shot.Hit> hits = new HashMap<>();
        for (String line : message.split("\n")) {
            String[] words = line.trim().split(" ", 3);
            if (words.length == 3) {
                hits.put(words[0], new Shot.Hit(!words[1].equals("UNSETTLED"), words[1].equals("OPEN"), words[2]));
            }
        }
        if (hits.isEmpty()) {
            throw new NoPod(
                    "the probe pod " + job.getMetadata().getName() + " ended without an answer: \"" + message.trim()
                            + "\". Its image must hold agnhost, sh, nc, sed, head, cut and date",
                    false);
        }
        return hits;
    }

    private interface State {
        Optional<String> of(Pod pod) throws NoPod;
    }

    private static Optional<String> serving(Pod pod) {
        String ip = pod.getStatus().getPodIP();
        return probe(pod)
                .filter(status -> status.getState() != null && status.getState().getRunning() != null)
                .filter(status -> ip != null && !ip.isEmpty())
                .map(status -> ip);
    }

    private static Optional<String> ended(Pod pod) {
        return probe(pod)
                .filter(status -> status.getState() != null && status.getState().getTerminated() != null)
                .map(status -> Optional.ofNullable(
                                status.getState().getTerminated().getMessage())
                        .orElse(""));
    }

    private static Optional<ContainerStatus> probe(Pod pod) {
        return pod.getStatus() == null
                ? Optional.empty()
                : pod.getStatus().getContainerStatuses().stream()
                        .filter(status -> status.getName().equals(ProbeJobs.CONTAINER))
                        .findFirst();
    }

    private String await(Job job, State state) throws NoPod {
        String namespace = job.getMetadata().getNamespace();
        String name = job.getMetadata().getName();
        Instant noPodBy = Instant.now().plus(REFUSAL);
        while (true) {
            List<Pod> pods = client.pods()
                    .inNamespace(namespace)
                    .withLabel("batch.kubernetes.io/job-name", name)
                    .list()
                    .getItems();
            if (pods.isEmpty()) {
                Optional<String> refusal = refusal(namespace, name);
                if (refusal.isPresent()) {
                    throw new NoPod(refusal.get(), true);
                }
                if (Instant.now().isAfter(noPodBy)) {
                    throw new NoPod("no pod came of Job " + namespace + "/" + name + " within " + REFUSAL, false);
                }
            } else {
                Optional<String> value = state.of(pods.get(0));
                if (value.isPresent()) {
                    return value.get();
                }
                waiting(pods.get(0));
            }
            if (Instant.now().isAfter(end)) {
                throw new NoPod(
                        "the time limit of " + options.timeLimit() + " was over before the pod of Job " + namespace
                                + "/" + name + " was done",
                        false);
            }
            pause();
        }
    }

    /** Gives up on a pod that can't start. */
    private static void waiting(Pod pod) throws NoPod {
        Optional<ContainerStatus> status = probe(pod);
        if (status.isPresent()
                && status.get().getState() != null
                && status.get().getState().getWaiting() != null) {
            String reason = status.get().getState().getWaiting().getReason();
            if (reason != null
                    && (reason.startsWith("ErrImage")
                            || reason.startsWith("ImagePull")
                            || reason.startsWith("InvalidImage")
                            || reason.startsWith("CreateContainer"))) {
                throw new NoPod(
                        "the probe pod " + pod.getMetadata().getNamespace() + "/"
                                + pod.getMetadata().getName() + " can't start (" + reason
                                + "); name an image that this cluster has",
                        false);
            }
        }
    }

    private Optional<String> refusal(String namespace, String job) {
        return client
                .v1()
                .events()
                .inNamespace(namespace)
                .withField("involvedObject.name", job)
                .list()
                .getItems()
                .stream()
                .filter(event -> "FailedCreate".equals(event.getReason()))
                .map(Event::getMessage)
                .findFirst();
    }

    private static void pause() {
        try {
            Thread.sleep(250);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for a probe pod", e);
        }
    }

    /** Deletes everything of this run; what it can't delete ends with its deadline. */
    @Override
    public void close() {
        for (Job job : jobs) {
            try {
                client.resource(job)
                        .withPropagationPolicy(io.fabric8.kubernetes.api.model.DeletionPropagation.BACKGROUND)
                        .withGracePeriod(0)
                        .delete();
            } catch (KubernetesClientException e) {
                // The Job's deadline and time to live delete it; a failed clean-up must not hide the results.
            }
        }
        jobs.clear();
    }
}
