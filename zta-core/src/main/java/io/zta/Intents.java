package io.zta;

import io.zta.intent.Enforcement;
import io.zta.intent.Gateway;
import io.zta.intent.Intent;
import io.zta.intent.PodSecurity;
import io.zta.intent.Port;
import io.zta.intent.Subject;
import io.zta.intent.TokenIssuer;
import io.zta.intent.Workload;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * What a posture can ask for. Each call returns a new, complete {@link Posture}; a call that contradicts an earlier one
 * fails at once.
 */
public abstract sealed class Intents permits NamespaceStage, Posture {
    Intents() {}

    abstract Posture and(Intent intent);

    /** Nothing but the gateway and allowed workloads opens a connection to the namespace's pods. */
    public Posture denyDirectAccess() {
        return and(new Intent.DenyDirectAccess());
    }

    /**
     * Protects only workloads with a label. Whoever may edit pods or templates can take a pod out by its label, which the
     * verifier reports; without this call every pod of the namespace is protected.
     */
    public Posture onlyWorkloads(Workload workload) {
        return and(new Intent.Protect(workload));
    }

    /** The gateway reaches these TCP ports of the pods; every port the sidecar does not use itself where never called. */
    public Posture onPorts(int... numbers) {
        return and(new Intent.OnPorts(Arrays.stream(numbers).mapToObj(Port::tcp).toList()));
    }

    /** Traffic from outside comes through this gateway; {@link Gateway#istio()} where never called. */
    public Posture throughGateway(Gateway gateway) {
        return and(new Intent.Through(Optional.of(gateway)));
    }

    /** No traffic comes from outside. */
    public Posture withoutGateway() {
        return and(new Intent.Through(Optional.empty()));
    }

    /** Lets other workloads in: {@code allowFrom(Workload.labelled("app", "web").as("web")).onPort(8080)}. */
    public AllowStage allowFrom(Workload workload) {
        return new AllowStage(this, workload, Workload.all());
    }

    /** Lets workloads of a protected namespace reach each other on every port. */
    public Posture allowWithinNamespace() {
        return and(new Intent.Allow(Workload.all(), Workload.all(), List.of()));
    }

    /** The pods open connections to DNS, the mesh's control plane and allowed workloads only. */
    public Posture denyEgress() {
        return and(new Intent.DenyEgress());
    }

    /** Lets the pods reach workloads when egress is denied: {@code allowTo(Workload.inNamespace("db")).onPort(5432)}. */
    public AllowToStage allowTo(Workload workload) {
        return new AllowToStage(this, Optional.of(workload), "");
    }

    /** Lets the pods reach addresses when egress is denied: {@code allowToAddresses("203.0.113.0/24").onPort(443)}. */
    public AllowToStage allowToAddresses(String cidr) {
        return new AllowToStage(this, Optional.empty(), cidr);
    }

    /** Sidecars accept mTLS only, from allowed identities only, and every pod has a whole sidecar. */
    public Posture strictMtls() {
        return and(new Intent.StrictMtls());
    }

    /** Sidecars accept plaintext beside mTLS, while clients migrate. */
    public Posture permissiveMtls() {
        return and(new Intent.PermissiveMtls());
    }

    /** Requests must carry a valid token of this issuer, checked at the workload. */
    public Posture requireJwt(TokenIssuer issuer) {
        return and(new Intent.RequireToken(issuer));
    }

    /** Requests are also decided by an external authorizer: a provider of {@code meshConfig.extensionProviders}. */
    public Posture authorizedBy(String provider) {
        return and(new Intent.ExternalAuthorizer(provider));
    }

    /** Enforces a level of the Pod Security Standards; needs Istio's CNI plugin, or no meshed pod starts again. */
    public Posture podSecurity(PodSecurity level) {
        return and(new Intent.EnforcePodSecurity(level));
    }

    /** Members of this group can't get into a container. */
    public Posture noExecFor(String group) {
        return noExecFor(Subject.group(group));
    }

    /** This subject can't get into a container. */
    public Posture noExecFor(Subject subject) {
        return and(new Intent.NoExec(subject));
    }

    /** This subject keeps its way into containers. */
    public Posture keepExecFor(Subject subject) {
        return and(new Intent.KeepEntry(subject));
    }

    /**
     * Denies entry to the named groups and users alone, and lets in everybody else. Weaker than the default, which denies
     * everybody who lacks the right to enter: a group is left by impersonation and by minted tokens.
     */
    public Posture denyByNameOnly() {
        return and(new Intent.DenyEntryByName());
    }

    /** What admission does with what the posture forbids; {@link Enforcement#DENY} where never called. */
    public Posture admission(Enforcement enforcement) {
        return and(new Intent.Admission(enforcement));
    }

    /** This subject applies the posture and may change its objects, beside the trusted base. */
    public Posture appliedBy(Subject subject) {
        return and(new Intent.Applier(subject));
    }

    /** Leaves the posture's objects to RBAC alone. */
    public Posture withoutGuard() {
        return and(new Intent.Unguarded());
    }

    /** Attempts to get into a container are recorded in the audit log. */
    public Posture audit() {
        return and(new Intent.Audit());
    }

    /** This subject may be let into containers for a while, by a grant that is approved and expires. */
    public Posture breakGlass(Subject subject, Duration longest, Subject... approvers) {
        return and(new Intent.BreakGlass(subject, longest, List.of(approvers)));
    }

    /** Drift is put right by the operator, not only reported. */
    public Posture repairDrift() {
        return and(new Intent.RepairDrift());
    }
}
