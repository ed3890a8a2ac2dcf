package io.zta.verify.cli;

import io.zta.finding.Hop;
import io.zta.intent.Subject;
import io.zta.rbac.Cut;
import io.zta.rbac.Escalation;
import io.zta.rbac.Rbac;
import io.zta.rbac.Route;
import io.zta.rbac.admission.Admission;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Snapshot;
import io.zta.verify.render.Turning;
import io.zta.verify.whatif.Pivot;
import io.zta.verify.whatif.WhatIf;
import java.io.PrintWriter;
import java.util.List;
import java.util.Optional;

/** The answer to {@code zta explain exec SUBJECT NAMESPACE[/POD]}: every way in, what refuses, and what to remove. */
final class EntryExplanation {
    private EntryExplanation() {}

    static void write(PrintWriter out, PrintWriter err, Snapshot cluster, String who, String where) {
        int slash = where.indexOf('/');
        String namespace = slash < 0 ? where : where.substring(0, slash);
        Optional<String> pod = slash < 0 ? Optional.empty() : Optional.of(where.substring(slash + 1));
        check(cluster, namespace, pod);
        Rbac rbac = Rbac.of(cluster);
        Subject subject = subject(rbac, who);
        Escalation escalation = Escalation.of(rbac, Admission.of(cluster, rbac));
        List<Route> routes = escalation.routes(subject, namespace).stream()
                .filter(route -> pod.isEmpty() || reaches(route, pod.get()))
                .toList();
        boolean certain = routes.stream().anyMatch(route -> route.doubts().isEmpty());
        boolean unread = !rbac.doubts().isEmpty() || !cluster.damages().isEmpty();
        out.println(subject + " -> " + where + ": "
                + (certain ? "gets in" : routes.isEmpty() && !unread ? "does not get in" : "unknown"));
        routes.forEach(route -> write(out, route));
        if (!certain) {
            escalation
                    .refusals(subject, namespace)
                    .forEach(field -> out.println("  refused: " + field + " (" + field.origin() + ")"));
        }
        if (routes.isEmpty() && escalation.refusals(subject, namespace).isEmpty()) {
            out.println("  no binding gives it a way in");
        }
        if (!routes.isEmpty()) {
            out.println(escalation
                    .cut(subject, namespace)
                    .map(Cut::toString)
                    .map(cut -> "to close every way into " + namespace + ": " + cut)
                    .orElse("no removal closes every way into " + namespace
                            + ": one of them rests on what Kubernetes itself grants"));
        }
        boolean onlyOtherPods =
                routes.isEmpty() && !escalation.routes(subject, namespace).isEmpty();
        Pivot pivot = WhatIf.of(subject, namespace, cluster);
        if (!onlyOtherPods && !pivot.turns().isEmpty()) {
            out.print("what would change it\n" + Turning.text(pivot));
        }
        out.flush();
        notes(err, cluster, rbac);
    }

    private static void check(Snapshot cluster, String namespace, Optional<String> pod) {
        if (!cluster.namespaces().contains(namespace)) {
            throw new UsageException(
                    "The snapshot has no namespace " + namespace + ": give NAMESPACE or NAMESPACE/POD.");
        }
        if (pod.isPresent() && cluster.find(GroupKind.POD, namespace, pod.get()).isEmpty()) {
            throw new UsageException("The snapshot has no pod " + namespace + "/" + pod.get() + ".");
        }
    }

    /** Whether its last grants are for this pod too: those of the entry itself may be limited to others by name. */
    private static boolean reaches(Route route, String pod) {
        return route.steps() > 0
                || !List.of("API-exec", "API-attach", "API-portforward", "API-ephemeral")
                        .contains(route.bypass())
                || route.grants().stream()
                        .allMatch(grant ->
                                grant.names().isEmpty() || grant.names().contains(pod));
    }

    private static void write(PrintWriter out, Route route) {
        out.println("  by " + route.bypass()
                + (route.steps() == 0 ? "" : " and " + route.steps() + (route.steps() == 1 ? " step" : " steps"))
                + ":");
        for (Hop hop : route.witness()) {
            out.println("    " + hop.what());
            hop.because().ifPresent(evidence -> out.println("        " + evidence + " (" + evidence.origin() + ")"));
        }
        route.doubts().forEach(doubt -> out.println("    unknown: " + doubt.reason() + " (" + doubt.resolve() + ")"));
    }

    /** {@code Group NAME}, {@code User NAME} or {@code ServiceAccount NS/NAME}; a name alone is whom a binding calls so. */
    static Subject subject(Rbac rbac, String text) {
        String[] words = text.trim().split("[ :]", 2);
        String rest = words.length < 2 ? "" : words[1].trim();
        if (!rest.isEmpty()) {
            switch (words[0]) {
                case "Group", "group" -> {
                    return Subject.group(rest);
                }
                case "User", "user" -> {
                    return Subject.user(rest);
                }
                case "ServiceAccount", "serviceaccount" -> {
                    return account(text, rest);
                }
                default -> {}
            }
        }
        if (text.startsWith("system:serviceaccount:") && text.split(":", -1).length == 4) {
            String[] parts = text.split(":", -1);
            return account(text, parts[2] + "/" + parts[3]);
        }
        if (text.contains("/") && !rbac.subjects().contains(Subject.group(text))) {
            return rbac.subjects().contains(Subject.user(text)) ? Subject.user(text) : account(text, text);
        }
        boolean user = rbac.subjects().contains(Subject.user(text));
        if (user && rbac.subjects().contains(Subject.group(text))) {
            throw new UsageException(text + " is the name of a user and of a group: say \"User " + text
                    + "\" or \"Group " + text + "\".");
        }
        if (text.isBlank()) {
            throw new UsageException("Give a subject: \"Group NAME\", \"User NAME\" or \"ServiceAccount NS/NAME\".");
        }
        return user ? Subject.user(text) : Subject.group(text);
    }

    private static Subject account(String text, String path) {
        int slash = path.indexOf('/');
        if (slash <= 0 || slash == path.length() - 1) {
            throw new UsageException(text + " is no subject: a service account is written \"ServiceAccount NS/NAME\".");
        }
        return Subject.serviceAccount(path.substring(0, slash), path.substring(slash + 1));
    }

    /** What the answer rests on that is not in the snapshot, and what of it could not be read. */
    static void notes(PrintWriter err, Snapshot cluster, Rbac rbac) {
        cluster.damages()
                .forEach(damage -> err.println("note: " + damage.origin() + ": " + damage.problem()
                        + "; it may hold a role or binding (" + damage.remedy() + ")"));
        rbac.doubts()
                .forEach(doubt ->
                        err.println("note: " + doubt.origin() + ": " + doubt.reason() + " (" + doubt.resolve() + ")"));
        rbac.assumptions().forEach(sentence -> err.println("note: " + sentence));
        err.flush();
    }
}
