package io.zta.operator;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.zta.Posture;
import io.zta.finding.ClaimResult;
import io.zta.finding.Doubt;
import io.zta.finding.Finding;
import io.zta.intent.PostureException;
import io.zta.snapshot.Snapshot;
import io.zta.snapshot.SnapshotException;
import io.zta.verify.Report;
import io.zta.verify.Verifier;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Verifies one posture against the cluster it is in, again and again, and writes down what it finds. Drift is reported;
 * it is repaired only where the posture asks for that. Thread-safe.
 */
@ControllerConfiguration
final class PostureReconciler implements Reconciler<ZeroTrustPosture> {
    private final Duration interval;
    private final DriftRepair repair;

    /** Puts the objects of a posture back. */
    @FunctionalInterface
    interface DriftRepair {
        /** Applies the posture as {@code zta apply} does, gates included; returns what was refused, or the empty text. */
        String repair(Posture posture, KubernetesClient client);
    }

    PostureReconciler(Duration interval, DriftRepair repair) {
        this.interval = interval;
        this.repair = repair;
    }

    @Override
    public UpdateControl<ZeroTrustPosture> reconcile(ZeroTrustPosture resource, Context<ZeroTrustPosture> context) {
        PostureStatus status = judge(resource, context.getClient());
        if (status.equals(resource.getStatus())) {
            return UpdateControl.<ZeroTrustPosture>noUpdate().rescheduleAfter(interval);
        }
        ZeroTrustPosture patch = new ZeroTrustPosture();
        patch.setMetadata(new ObjectMetaBuilder()
                .withName(resource.getMetadata().getName())
                .withNamespace(resource.getMetadata().getNamespace())
                .build());
        patch.setStatus(status);
        return UpdateControl.patchStatus(patch).rescheduleAfter(interval);
    }

    private PostureStatus judge(ZeroTrustPosture resource, KubernetesClient client) {
        long generation = Objects.requireNonNullElse(resource.getMetadata().getGeneration(), 0L);
        String place = resource.getMetadata().getNamespace() + "/"
                + resource.getMetadata().getName();
        Posture posture;
        try {
            posture = Posture.parse(place, Serialization.asYaml(withoutStatus(resource)));
        } catch (PostureException e) {
            return new PostureStatus(generation, "Unreadable", String.valueOf(e.getMessage()), List.of(), List.of());
        }
        if (!posture.namespaces().equals(List.of(resource.getMetadata().getNamespace()))) {
            return new PostureStatus(
                    generation,
                    "Unreadable",
                    "A posture in namespace " + resource.getMetadata().getNamespace()
                            + " may speak of that namespace alone; leave spec.namespaces out.",
                    List.of(),
                    List.of());
        }
        List<String> drift = Drift.of(posture, client);
        String refused = "";
        if (!drift.isEmpty() && posture.asks(io.zta.intent.Intent.RepairDrift.class)) {
            refused = repair.repair(posture, client);
            drift = Drift.of(posture, client);
        }
        try {
            Report report = Verifier.verify(posture, Snapshot.of(client));
            PolicyReports.write(resource, report, client);
            return status(generation, report, drift, refused);
        } catch (SnapshotException e) {
            return new PostureStatus(generation, "Unknown", String.valueOf(e.getMessage()), List.of(), drift);
        }
    }

    private static GenericKubernetesResource withoutStatus(ZeroTrustPosture resource) {
        GenericKubernetesResource copy = new GenericKubernetesResource();
        copy.setApiVersion(HasMetadata.getApiVersion(ZeroTrustPosture.class));
        copy.setKind(resource.getKind());
        copy.setMetadata(new ObjectMetaBuilder()
                .withName(resource.getMetadata().getName())
                .withNamespace(resource.getMetadata().getNamespace())
                .build());
        Map<String, Object> properties = new LinkedHashMap<>();
        properties.put("spec", resource.getSpec());
        copy.setAdditionalProperties(properties);
        return copy;
    }

    private static PostureStatus status(long generation, Report report, List<String> drift, String refused) {
        List<PostureStatus.ClaimStatus> claims = new ArrayList<>();
        for (ClaimResult result : report.claims()) {
            claims.add(result.verdict()
                    .match(
                            proven -> line(result, "Proven", ""),
                            violated -> line(
                                    result,
                                    "Violated",
                                    reason(violated.findings().get(0))),
                            unknown -> line(
                                    result, "Unknown", reason(unknown.doubts().get(0)))));
        }
        String outcome = switch (report.outcome()) {
            case PROVEN -> "Proven";
            case VIOLATED -> "Violated";
            case UNKNOWN -> "Unknown";
        };
        String message = refused.isEmpty()
                ? claims.stream()
                        .filter(claim -> claim.verdict().equals(outcome)
                                && !claim.reason().isEmpty())
                        .map(claim -> claim.claim() + ": " + claim.reason())
                        .findFirst()
                        .orElse("Every claim is proven.")
                : "Drift was not repaired: " + refused;
        return new PostureStatus(generation, outcome, message, claims, drift);
    }

    private static PostureStatus.ClaimStatus line(ClaimResult result, String verdict, String reason) {
        return new PostureStatus.ClaimStatus(result.claim().id(), result.scope(), verdict, reason);
    }

    private static String reason(Finding finding) {
        return finding.id() + " " + finding.object() + " " + finding.title();
    }

    private static String reason(Doubt doubt) {
        return doubt.reason();
    }
}
