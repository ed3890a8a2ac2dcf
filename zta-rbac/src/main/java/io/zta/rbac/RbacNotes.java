package io.zta.rbac;

import io.zta.Posture;
import io.zta.finding.Evidence;
import io.zta.finding.Finding;
import io.zta.finding.Severity;
import io.zta.intent.Intent;
import io.zta.intent.Subject;
import io.zta.rbac.RbacReader.Fault;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Faults of roles and bindings that refute no claim by themselves: rules that grant nothing, bindings to a role that is not
 * there or to everybody, and entry that RBAC still grants to subjects meant to have none. Pure. Rules RBAC-31 to RBAC-34.
 */
public final class RbacNotes {
    private static final Set<Subject> EVERYBODY =
            new TreeSet<>(Set.of(Subject.group("system:authenticated"), Subject.group("system:unauthenticated")));
    private static final List<String> ENTRIES = List.of("exec", "attach", "portforward", "ephemeral", "proxy", "node");

    private RbacNotes() {}

    /** The faults of a snapshot, those of entry for the subjects and namespaces of the posture. */
    public static List<Finding> of(Posture posture, Snapshot snapshot) {
        Rbac rbac = Rbac.of(snapshot);
        List<Finding> notes = new ArrayList<>();
        rbac.faults().forEach(fault -> notes.add(fault(fault)));
        rbac.bindings().forEach(binding -> everybody(notes, binding));
        if (posture.asks(Intent.NoExec.class)) {
            for (Subject subject : posture.noExec()) {
                posture.namespaces().forEach(namespace -> entry(notes, rbac, subject, namespace));
            }
        }
        return List.copyOf(notes);
    }

    private static Finding fault(Fault fault) {
        boolean dangling = fault.kind() == Fault.Kind.DANGLING;
        return note(
                dangling ? "ZTA-API-112" : "ZTA-API-111",
                fault.object(),
                dangling
                        ? fault.problem() + ": it grants nothing until somebody creates that role"
                        : "has a rule that the API server refuses and that grants nothing, and denies nothing either: "
                                + fault.problem(),
                List.of(fault.evidence()),
                dangling
                        ? "delete the binding, or create the role it means"
                        : "take the rule out; RBAC has no deny, so a right is taken away where it is granted",
                dangling ? "RBAC-32" : "RBAC-31");
    }

    private static void everybody(List<Finding> notes, Binding binding) {
        if (Bootstrap.isBootstrap(binding.resource())) {
            return;
        }
        for (Subject subject : new TreeSet<>(binding.subjects())) {
            if (EVERYBODY.contains(subject) && !binding.role().rules().isEmpty()) {
                Rule rule = binding.role().rules().get(0);
                Grant grant = Grant.of(subject, binding, rule);
                boolean anonymous = subject.name().equals("system:unauthenticated");
                notes.add(note(
                        "ZTA-API-113",
                        binding.resource(),
                        "gives " + binding.role().resource().display() + " to "
                                + (anonymous
                                        ? "everybody who reaches the API server, without a login"
                                        : "every identity that can log in, every service account included"),
                        List.of(grant.subjectEvidence(), grant.roleEvidence(), rule.evidence()),
                        "bind the groups and service accounts that need the role by name",
                        "RBAC-33"));
            }
        }
    }

    private static void entry(List<Finding> notes, Rbac rbac, Subject subject, String namespace) {
        Set<String> how = new LinkedHashSet<>();
        Set<Resource> bindings = new LinkedHashSet<>();
        Set<Evidence> evidence = new LinkedHashSet<>();
        for (String name : ENTRIES) {
            Action action = Action.named(name).orElseThrow();
            for (WhoCan who : rbac.whoCan(action, Optional.of(namespace))) {
                if (who.subject().equals(subject)) {
                    how.add(name);
                    who.via().forEach(grant -> {
                        bindings.add(grant.binding());
                        evidence.addAll(grant.evidence());
                    });
                }
            }
        }
        bindings.stream()
                .findFirst()
                .ifPresent(binding -> notes.add(note(
                        "ZTA-API-114",
                        binding,
                        "grants " + subject + " " + String.join(", ", how) + " in namespace " + namespace
                                + ": by roles alone it gets into containers, whatever admission makes of it",
                        List.copyOf(evidence),
                        "bind a role without these rights instead, such as view or one of the posture; edit and admin"
                                + " hold them",
                        "RBAC-34")));
    }

    private static Finding note(
            String id, Resource object, String title, List<Evidence> evidence, String fix, String rule) {
        return new Finding(id, Severity.WARNING, "", object.display(), title, evidence, List.of(), fix, rule);
    }
}
