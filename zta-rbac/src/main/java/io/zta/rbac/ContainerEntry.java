package io.zta.rbac;

import io.zta.Posture;
import io.zta.finding.Claim;
import io.zta.finding.ClaimResult;
import io.zta.finding.Doubt;
import io.zta.finding.Evidence;
import io.zta.finding.Finding;
import io.zta.finding.Severity;
import io.zta.intent.Subject;
import io.zta.snapshot.Damage;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Decides claim 4: none of the subjects named in a posture gets into a container of its namespaces, directly or by
 * escalation. Pure. Rules RBAC-20 and following.
 */
public final class ContainerEntry {
    private ContainerEntry() {}

    /** The verdict on a snapshot, with what admission makes of each request. */
    public static ClaimResult examine(Posture posture, Snapshot snapshot, AdmissionVerdicts admission) {
        Rbac rbac = Rbac.of(snapshot);
        Escalation escalation = Escalation.of(rbac, admission);
        ClaimResult.Collector result =
                ClaimResult.collect(Claim.CONTAINER_ENTRY, String.join(", ", posture.namespaces()));
        rbac.doubts().forEach(result::doubt);
        for (Damage damage : snapshot.damages()) {
            result.doubt(new Doubt(
                    "what could not be read may hold a role or binding: " + damage.problem(),
                    damage.remedy(),
                    damage.origin()));
        }
        escalation.server().authorizers().ifPresent(result::doubt);
        rbac.assumptions().forEach(result::assume);
        result.assume("The API server authorizes by RBAC and Node alone.");
        for (Subject subject : posture.noExec()) {
            assume(result, rbac, subject);
            escalation.undecided(subject).forEach(result::doubt);
            for (String namespace : posture.namespaces()) {
                if (escalation.deploys(subject, namespace)) {
                    result.assume("What " + subject + " may deploy in namespace " + namespace
                            + " runs as written: to write pods or workloads is no entry into a container.");
                }
                result.cover(1);
                examine(result, escalation, subject, namespace);
            }
        }
        return result.result();
    }

    private static void examine(
            ClaimResult.Collector result, Escalation escalation, Subject subject, String namespace) {
        List<Route> routes = escalation.routes(subject, namespace);
        if (routes.isEmpty()) {
            List<Evidence> refusals = escalation.refusals(subject, namespace);
            result.because(
                    refusals.isEmpty()
                            ? "No binding gives " + subject + " a way into containers of namespace " + namespace + "."
                            : subject + " holds entry into namespace " + namespace + " by RBAC, and "
                                    + refusals.get(0).object() + " refuses it.");
            return;
        }
        Optional<Cut> cut = escalation.cut(subject, namespace);
        for (Route route : routes) {
            if (route.doubts().isEmpty()) {
                result.violatedBy(finding(route, namespace, cut));
            } else {
                route.doubts()
                        .forEach(doubt -> result.doubt(new Doubt(
                                subject + " may get into namespace " + namespace + " by " + route.bypass() + ": "
                                        + doubt.reason(),
                                doubt.resolve(),
                                doubt.origin())));
            }
        }
    }

    static Finding finding(Route route, String namespace, Optional<Cut> cut) {
        Set<Evidence> evidence = new LinkedHashSet<>();
        route.grants().forEach(grant -> evidence.addAll(grant.evidence()));
        String object = route.grants().isEmpty()
                ? route.subject().toString()
                : route.grants().get(0).binding().display();
        String remedy = cut.map(set -> set.toString().replaceFirst("^remove", "Remove") + ", which closes every way of "
                        + route.subject() + " into namespace " + namespace)
                .orElse("Part of this way rests on what Kubernetes itself grants: take away the first grant");
        return new Finding(
                BypassIds.finding(route.bypass()),
                Severity.ERROR,
                route.bypass(),
                object,
                title(route, namespace),
                List.copyOf(evidence),
                route.witness(),
                remedy + BypassIds.hint(route.bypass()) + ".",
                BypassIds.rule(route.bypass()));
    }

    private static String title(Route route, String namespace) {
        String where = " into containers of namespace " + namespace;
        return route.steps() == 0
                ? "lets " + route.subject() + where + " (" + route.bypass() + ")"
                : "lets " + route.subject() + where + " in " + route.steps() + (route.steps() == 1 ? " step" : " steps")
                        + " more, the first by " + route.bypass();
    }

    private static void assume(ClaimResult.Collector result, Rbac rbac, Subject subject) {
        if (subject.kind() != Subject.Kind.SERVICE_ACCOUNT) {
            result.assume("Which people are " + (subject.kind() == Subject.Kind.GROUP ? "in " : "") + subject
                    + ", and in which further groups, is decided outside the cluster: each is taken to hold what "
                    + subject + " and system:authenticated are bound to.");
        }
        List<String> users = new ArrayList<>();
        for (Map.Entry<String, List<Binding>> user : rbac.bindingsOfUsers().entrySet()) {
            boolean leads =
                    user.getValue().stream().anyMatch(binding -> binding.role().givesAny());
            if (leads && !user.getKey().equals(subject.name())) {
                users.add(user.getKey() + " ("
                        + user.getValue().stream()
                                .map(binding -> binding.resource().display())
                                .sorted()
                                .collect(Collectors.joining(", "))
                        + ")");
            }
        }
        if (subject.kind() == Subject.Kind.GROUP && !users.isEmpty()) {
            result.assume("None of the users bound by name to rights that lead into containers is in " + subject + ": "
                    + String.join(", ", users) + ".");
        }
    }
}
