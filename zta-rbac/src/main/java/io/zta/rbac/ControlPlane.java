package io.zta.rbac;

import io.zta.intent.Subject;
import java.util.Set;
import java.util.TreeSet;

/** The subjects that are Kubernetes' own: part of the trusted base, reachable by others but not reported themselves. */
public final class ControlPlane {
    private static final Set<Subject> EVERYONE = Set.of(
            Subject.group("system:authenticated"),
            Subject.group("system:unauthenticated"),
            Subject.group("system:serviceaccounts"),
            Subject.group("system:monitoring"));
    private static final Set<Subject> OWN = own();

    private ControlPlane() {}

    private static Set<Subject> own() {
        Set<Subject> subjects = new TreeSet<>();
        Bootstrap.all().forEach(binding -> {
            binding.tree().get("subjects").items().forEach(subject -> {
                String name = subject.get("name").textOr("");
                switch (subject.get("kind").textOr("")) {
                    case "ServiceAccount" ->
                        subjects.add(
                                Subject.serviceAccount(subject.get("namespace").textOr("kube-system"), name));
                    case "Group" -> subjects.add(Subject.group(name));
                    default -> subjects.add(Subject.user(name));
                }
            });
        });
        subjects.removeAll(EVERYONE);
        subjects.add(Subject.group("system:nodes"));
        return subjects;
    }

    /** Whether the subject is a controller, a component or a group of the control plane. */
    public static boolean includes(Subject subject) {
        return OWN.contains(subject)
                || subject.kind() == Subject.Kind.USER
                        && (subject.name().startsWith("system:kube-")
                                || subject.name().startsWith("system:node:"))
                || subject.kind() == Subject.Kind.GROUP && subject.name().startsWith("system:nodes")
                || subject.kind() == Subject.Kind.GROUP && subject.name().startsWith("system:bootstrappers");
    }
}
