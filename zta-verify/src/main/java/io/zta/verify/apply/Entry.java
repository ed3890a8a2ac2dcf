package io.zta.verify.apply;

import io.zta.Posture;
import io.zta.intent.Intent;
import io.zta.intent.Phase;
import io.zta.intent.Subject;
import io.zta.rbac.Attributes;
import io.zta.rbac.Grant;
import io.zta.rbac.Identity;
import io.zta.rbac.Rbac;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Who gets into containers by RBAC. */
final class Entry {
    /** Part of the trusted base: it signs every identity of the mesh. */
    private static final Subject ISTIOD = Subject.serviceAccount("istio-system", "istiod");

    private Entry() {}

    /** Grants of the named subjects that the posture does not own and that stay after it was applied. */
    static List<String> remaining(Posture posture, Snapshot after) {
        Rbac rbac = Rbac.of(after);
        Set<String> lines = new TreeSet<>();
        for (Subject subject : posture.noExec()) {
            for (String namespace : posture.namespaces()) {
                for (Attributes asked : ways(namespace)) {
                    for (Grant grant : rbac.grants(Identity.of(subject), asked)) {
                        if (!"zta".equals(grant.binding().labels().get("app.kubernetes.io/managed-by"))) {
                            lines.add(subject + ": " + asked.verb() + " " + asked.resource() + "/" + asked.subresource()
                                    + " in " + namespace + " by " + grant);
                        }
                    }
                }
            }
        }
        return List.copyOf(lines);
    }

    private static List<Attributes> ways(String namespace) {
        List<Attributes> ways = new ArrayList<>();
        for (String resource :
                List.of("pods/exec", "pods/attach", "pods/portforward", "pods/proxy", "services/proxy")) {
            ways.add(Attributes.of("create", "", resource, namespace, ""));
            ways.add(Attributes.of("get", "", resource, namespace, ""));
        }
        ways.add(Attributes.of("patch", "", "pods/ephemeralcontainers", namespace, ""));
        ways.add(Attributes.of("get", "", "nodes/proxy", "", ""));
        ways.add(Attributes.of("create", "", "nodes/proxy", "", ""));
        return ways;
    }

    static Attributes enter(String namespace) {
        return Attributes.of("enter", "zta.io", "containers", namespace, "");
    }

    static Attributes apply(String namespace) {
        return Attributes.of("apply", "zta.io", "postures", namespace, "");
    }

    /** Whether a subject belongs to the control plane. */
    static boolean trusted(Subject subject) {
        return subject.equals(ISTIOD)
                || switch (subject.kind()) {
                    case GROUP, USER -> subject.name().startsWith("system:");
                    case SERVICE_ACCOUNT -> subject.namespace().equals("kube-system");
                };
    }

    /** Every subject that a posture names for entry or for applying. */
    static List<Subject> named(Posture posture) {
        List<Subject> subjects = new ArrayList<>(posture.noExec());
        subjects.addAll(posture.keepExec());
        subjects.addAll(posture.appliers());
        posture.intents(Intent.BreakGlass.class).forEach(glass -> {
            subjects.add(glass.subject());
            subjects.addAll(glass.approvers());
        });
        return subjects;
    }

    static boolean reached(Posture posture) {
        return posture.phase().compareTo(Phase.API) >= 0;
    }
}
