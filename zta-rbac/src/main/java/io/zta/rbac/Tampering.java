package io.zta.rbac;

import io.zta.Posture;
import io.zta.finding.Claim;
import io.zta.finding.ClaimResult;
import io.zta.finding.Doubt;
import io.zta.finding.Evidence;
import io.zta.finding.Finding;
import io.zta.finding.Hop;
import io.zta.finding.Severity;
import io.zta.intent.Subject;
import io.zta.rbac.AdmissionVerdicts.Answer;
import io.zta.rbac.Deeds.Deed;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Decides claim 6: nobody outside the trusted base can undo a posture, by a request of their own or by becoming somebody
 * who can. The base is system:masters, the control plane's own subjects, nodes, istiod, the network plugin and the declared appliers. Pure.
 * Rules RBAC-26 and RBAC-27.
 */
public final class Tampering {
    private static final GroupKind MUTATING_POLICY =
            new GroupKind("admissionregistration.k8s.io", "MutatingAdmissionPolicy");
    private static final GroupKind MUTATING_BINDING =
            new GroupKind("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding");
    private static final Subject ISTIOD = Subject.serviceAccount("istio-system", "istiod");
    /** The account that the control planes of other clusters read this one by: Istio's own installation binds it. */
    private static final Subject READER = Subject.serviceAccount("istio-system", "istio-reader-service-account");

    private final Posture posture;
    private final Rbac rbac;
    private final AdmissionVerdicts admission;
    private final Escalation escalation;

    private Tampering(Posture posture, Snapshot snapshot, AdmissionVerdicts admission) {
        this.posture = posture;
        this.rbac = Rbac.of(snapshot);
        this.admission = admission;
        this.escalation = Escalation.of(rbac, admission);
    }

    /** The verdict on a snapshot, with what admission makes of each request. */
    public static ClaimResult examine(Posture posture, Snapshot snapshot, AdmissionVerdicts admission) {
        return new Tampering(posture, snapshot, admission).result(snapshot);
    }

    private ClaimResult result(Snapshot snapshot) {
        ClaimResult.Collector result = ClaimResult.collect(
                Claim.TAMPER,
                "the posture in namespace " + String.join(", ", posture.namespaces()) + " stays in force");
        rbac.doubts().forEach(result::doubt);
        rbac.assumptions().forEach(result::assume);
        escalation.server().authorizers().ifPresent(result::doubt);
        rewriters(result, snapshot);
        List<Deed> deeds = Deeds.against(posture, snapshot);
        Map<Subject, Map<String, Finding>> found = new TreeMap<>();
        Set<Subject> asked = new TreeSet<>();
        for (Deed deed : deeds) {
            result.cover(1);
            for (Subject subject : holders(deed)) {
                if (deed.isRead() && isGateway(subject)) {
                    // Its certificates are Secrets beside the key: it is an allowed identity as it is.
                    continue;
                }
                asked.add(subject);
                judge(result, deed, subject, found.computeIfAbsent(subject, key -> new LinkedHashMap<>()));
            }
        }
        found.values().forEach(findings -> findings.values().forEach(result::violatedBy));
        rbac.subjects().stream()
                .filter(subject -> !isTrusted(subject))
                .flatMap(subject -> escalation.redirections(subject).stream())
                .forEach(result::doubt);
        escalations(result);
        result.because(deeds.size() + " requests that would undo it: " + asked.size()
                + (asked.size() == 1 ? " subject" : " subjects")
                + " outside the trusted base may make some by RBAC, and"
                + " admission refuses them all.");
        return result.result();
    }

    /** Who may make a request by RBAC, the trusted base left out. */
    private List<Subject> holders(Deed deed) {
        Attributes asked = deed.attributes();
        Action action = Action.request(
                asked.verb(),
                asked.resource()
                        + (asked.group().isEmpty() ? "" : "." + asked.group())
                        + (asked.subresource().isEmpty() ? "" : "/" + asked.subresource()));
        Optional<String> where = asked.namespace().isEmpty() ? Optional.empty() : Optional.of(asked.namespace());
        Set<Subject> subjects = new LinkedHashSet<>();
        for (WhoCan who : rbac.whoCan(action, where)) {
            boolean named = who.via().stream()
                    .anyMatch(grant -> asked.name().isEmpty()
                            || grant.names().isEmpty()
                            || grant.names().contains(asked.name()));
            if (named && !isTrusted(who.subject())) {
                subjects.add(who.subject());
            }
        }
        return List.copyOf(subjects);
    }

    private boolean isTrusted(Subject subject) {
        return subject.equals(Subject.group(Rbac.MASTERS))
                || subject.equals(ISTIOD)
                || subject.equals(READER)
                || ControlPlane.includes(subject)
                || ControlPlane.enforcesNetwork(subject)
                || posture.appliers().contains(subject);
    }

    private boolean isGateway(Subject subject) {
        return posture.gateway()
                .filter(gateway ->
                        subject.equals(Subject.serviceAccount(gateway.namespace(), gateway.serviceAccount())))
                .isPresent();
    }

    /** What changes objects on their way in, after whoever made them was asked for his rights. */
    private void rewriters(ClaimResult.Collector result, Snapshot snapshot) {
        for (Resource webhooks : snapshot.resources(GroupKind.MUTATING_WEBHOOK_CONFIGURATION)) {
            if (!webhooks.tree().get("webhooks").items().stream().allMatch(ControlPlane::isIstiods)) {
                result.assume("Whoever runs the webhooks of " + webhooks.display()
                        + " is trusted: they may change pods and policies on their way in.");
            }
        }
        Set<String> bound = new TreeSet<>();
        snapshot.resources(MUTATING_BINDING)
                .forEach(binding -> bound.add(binding.spec().get("policyName").textOr("")));
        snapshot.resources(MUTATING_POLICY).stream()
                .filter(policy -> bound.contains(policy.name()))
                .forEach(policy -> result.doubt(new Doubt(
                        policy.display() + " may change pods and policies on their way in, which is not evaluated",
                        "remove its binding, or judge by what it makes of them",
                        policy.origin())));
    }

    private void judge(ClaimResult.Collector result, Deed deed, Subject subject, Map<String, Finding> found) {
        Identity identity = Identity.of(subject);
        Answer answer = deed.isRead() ? new Answer.Allowed(List.of()) : admission.decide(deed.by(identity));
        if (answer instanceof Answer.Allowed allowed) {
            found.putIfAbsent(deed.what(), finding(deed, subject, identity, allowed));
        } else if (answer instanceof Answer.Unknown unknown) {
            for (Doubt doubt : unknown.doubts()) {
                result.doubt(new Doubt(
                        "whether " + subject + " " + deed.what() + " (" + deed.attributes() + "): " + doubt.reason(),
                        doubt.resolve(),
                        doubt.origin()));
            }
        }
    }

    private Finding finding(Deed deed, Subject subject, Identity identity, Answer.Allowed allowed) {
        List<Grant> grants = rbac.grants(identity, deed.attributes());
        List<Hop> witness = new ArrayList<>();
        Set<Evidence> evidence = new LinkedHashSet<>();
        grants.stream().limit(1).forEach(grant -> {
            evidence.addAll(grant.evidence());
            witness.add(Hop.of(
                    grant.binding().display() + " binds " + grant.subject() + " to "
                            + grant.role().display(),
                    grant.subjectEvidence()));
            witness.add(Hop.of(
                    grant.source().display() + " holds the right: rules[" + grant.rule() + "]", grant.ruleEvidence()));
        });
        allowed.notes().forEach(note -> witness.add(Hop.of("admission only notes it: " + note.object(), note)));
        evidence.addAll(allowed.notes());
        witness.add(Hop.of(subject + " " + deed.what() + " (" + deed.attributes() + ")"));
        String object =
                grants.isEmpty() ? subject.toString() : grants.get(0).binding().display();
        boolean applies = posture.namespaces().stream()
                .allMatch(namespace ->
                        rbac.allows(identity, Attributes.of("apply", "zta.io", "postures", namespace, "")));
        String remedy = applies
                ? "Name " + subject
                        + " as one who applies the posture, or take the grant away: it holds the verb apply on"
                        + " postures.zta.io."
                : deed.isRead()
                        ? "Take the grant away: admission is not asked about what is read."
                        : switch (deed.bypass()) {
                            case "API-webhook" ->
                                "Take the grant away: no admission policy can guard policies and webhooks.";
                            case "NET-tier" ->
                                "Take the grant away: the posture's guard is for its namespaces, and these are not.";
                            default ->
                                deed.attributes().group().equals("apiextensions.k8s.io")
                                        ? "Take the grant away: the posture's guard is for its objects, not for their kinds."
                                        : "Take the grant away, or have the posture's guard applied.";
                        };
        return new Finding(
                switch (deed.bypass()) {
                    case "MESH-worn" -> "ZTA-API-016";
                    case "NET-tier" -> "ZTA-API-017";
                    default -> BypassIds.finding(deed.bypass());
                },
                Severity.ERROR,
                deed.bypass(),
                object,
                "lets " + subject + " undo the posture: it " + deed.what(),
                List.copyOf(evidence),
                witness,
                remedy,
                "RBAC-26");
    }

    /** Who can become one of the trusted base, or root on a node. */
    private void escalations(ClaimResult.Collector result) {
        for (Route route : escalation.whoCanBecomeAny(this::isTrusted)) {
            if (route.doubts().isEmpty()) {
                Set<Evidence> evidence = new LinkedHashSet<>();
                route.grants().forEach(grant -> evidence.addAll(grant.evidence()));
                result.violatedBy(new Finding(
                        BypassIds.finding(route.bypass()),
                        Severity.ERROR,
                        route.bypass(),
                        route.grants().isEmpty()
                                ? route.subject().toString()
                                : route.grants().get(0).binding().display(),
                        "lets " + route.subject() + " become one of the trusted base, who can undo the posture ("
                                + route.bypass() + ")",
                        List.copyOf(evidence),
                        route.witness(),
                        "Take the first grant away" + BypassIds.hint(route.bypass()) + ".",
                        "RBAC-27"));
            } else {
                for (Doubt doubt : route.doubts()) {
                    result.doubt(new Doubt(
                            route.subject() + " may become one of the trusted base by " + route.bypass() + ": "
                                    + doubt.reason(),
                            doubt.resolve(),
                            doubt.origin()));
                }
            }
        }
    }
}
