package io.zta.verify.apply;

import io.zta.intent.Intent;
import io.zta.intent.Subject;
import io.zta.rbac.Action;
import io.zta.rbac.Attributes;
import io.zta.rbac.Grant;
import io.zta.rbac.Identity;
import io.zta.rbac.Rbac;
import io.zta.rbac.WhoCan;
import io.zta.snapshot.Node;
import io.zta.snapshot.Pod;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** Gates on people and programs: who is locked out, who still gets in, who could edit the way back. */
final class EntryGates {
    private EntryGates() {}

    static List<Gate> all() {
        return List.of(
                new Check(
                        "APPLY-08",
                        "an admission deny binds the applier or the break-glass subject",
                        "name the applier with appliedBy(..), and nobody whose name starts with system:",
                        EntryGates::lockedOut),
                new Check(
                        "APPLY-10",
                        "a restricted role changes nothing while another binding grants entry",
                        "take the bindings away that are named; nothing is deleted that the posture does not own",
                        EntryGates::grants),
                new Check(
                        "APPLY-19",
                        "the inventory lies where others can write: a rollback would put back what they wrote",
                        "bind edit in namespaces instead of the cluster, so that " + Inventory.NAMESPACE
                                + " is left out",
                        EntryGates::inventory),
                new Check(
                        "APPLY-21",
                        "what was opened before outlives the apply",
                        "end the sessions that are named",
                        EntryGates::opened),
                new Check(
                        "APPLY-22",
                        "the allow-list takes entry from those who live on it: backups, pipelines, operators",
                        "keepExecFor(..) them, or give them up as they are printed",
                        EntryGates::livelihoods));
    }

    private static boolean denies(GateContext context) {
        return Entry.reached(context.posture())
                && context.wanted("ValidatingAdmissionPolicyBinding").stream().anyMatch(Draft::denies);
    }

    private static void lockedOut(GateContext context, Gate.Findings findings) {
        for (Subject subject : new TreeSet<>(Entry.named(context.posture()))) {
            if (subject.kind() != Subject.Kind.SERVICE_ACCOUNT && subject.name().startsWith("system:")) {
                findings.object(subject + " is the control plane's own name, which no posture may speak of");
            }
        }
        if (!denies(context)) {
            return;
        }
        Rbac rbac = Rbac.of(context.after());
        for (String namespace : context.posture().namespaces()) {
            if (context.posture().guarded()) {
                context.cluster()
                        .applier()
                        .ifPresentOrElse(
                                applier -> {
                                    if (rbac.allows(applier, Entry.apply(namespace))) {
                                        findings.note(applier.user() + " may apply postures.zta.io in " + namespace
                                                + ", and so remove what it applies");
                                    } else {
                                        findings.object(
                                                applier.user() + " may not apply postures.zta.io in " + namespace
                                                        + ": the guard would keep it from removing what it applies");
                                    }
                                },
                                () -> findings.note("who applies is not known: judged for the named appliers alone"));
                for (Subject applier : context.posture().appliers()) {
                    if (!rbac.allows(Identity.of(applier), Entry.apply(namespace))) {
                        findings.object(
                                applier + " is named as applier and may not apply postures.zta.io in " + namespace);
                    }
                }
            }
            breakGlass(context, namespace, findings);
        }
    }

    private static void breakGlass(GateContext context, String namespace, Gate.Findings findings) {
        for (Intent.BreakGlass glass : context.posture().intents(Intent.BreakGlass.class)) {
            String binding =
                    "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: zta-simulated,"
                            + " namespace: " + namespace
                            + "}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: "
                            + BreakGlass.ROLE + "}\nsubjects:\n- {kind: "
                            + glass.subject().kind().rbac() + ", name: \""
                            + glass.subject().name() + "\""
                            + (glass.subject().namespace().isEmpty()
                                    ? ""
                                    : ", namespace: " + glass.subject().namespace())
                            + "}\n";
            Rbac granted = Rbac.of(context.after().with(io.zta.snapshot.Snapshot.ofText("simulated grant", binding)));
            Identity identity = Identity.of(glass.subject());
            boolean named = context.posture().asks(Intent.DenyEntryByName.class)
                    && context.posture().noExec().contains(glass.subject());
            boolean enters = granted.allows(identity, Entry.enter(namespace))
                    && granted.allows(identity, Attributes.of("create", "", "pods/exec", namespace, ""));
            if (enters && !named) {
                findings.note(glass.subject() + " gets in under a break-glass grant in " + namespace);
            } else {
                findings.object(glass.subject() + " would not get in under a break-glass grant in " + namespace
                        + (named ? ": it is denied by name" : ": the role " + BreakGlass.ROLE + " does not let it"));
            }
        }
    }

    private static void grants(GateContext context, Gate.Findings findings) {
        if (Entry.reached(context.posture())) {
            for (String grant : context.remainingGrants()) {
                if (context.givenUp(grant)) {
                    findings.note(grant + ": left, as the caller named it");
                } else {
                    findings.object(grant);
                }
            }
            if (!findings.refused() && !context.posture().noExec().isEmpty()) {
                findings.note(
                        "no other binding grants entry to " + context.posture().noExec());
            }
        }
    }

    private static void inventory(GateContext context, Gate.Findings findings) {
        if (context.posture().namespaces().contains(Inventory.NAMESPACE)) {
            findings.object("the posture speaks of " + Inventory.NAMESPACE + ", where its own inventory is");
        }
        Rbac rbac = Rbac.of(context.after());
        Set<String> writers = new TreeSet<>();
        for (WhoCan who : rbac.whoCan(Action.request("update", "configmaps"), Optional.of(Inventory.NAMESPACE))) {
            boolean trusted = Entry.trusted(who.subject())
                    || context.posture().appliers().contains(who.subject())
                    || rbac.allows(Identity.of(who.subject()), Entry.apply(Inventory.NAMESPACE));
            if (!trusted) {
                writers.add(who.subject() + " may write ConfigMaps in " + Inventory.NAMESPACE + " by "
                        + who.via().stream().map(Grant::toString).findFirst().orElse("a binding"));
            }
        }
        for (String writer : writers) {
            if (context.givenUp(writer)) {
                findings.note(writer + ": accepted by name");
            } else {
                findings.object(writer);
            }
        }
        if (!findings.refused()) {
            findings.note("only the trusted base and appliers write in " + Inventory.NAMESPACE);
        }
    }

    private static void opened(GateContext context, Gate.Findings findings) {
        if (!Entry.reached(context.posture())) {
            return;
        }
        long longest = 0;
        for (String namespace : context.posture().namespaces()) {
            for (Pod pod : context.flows().before().pods().in(namespace)) {
                for (Node volume : pod.spec().get("volumes").items()) {
                    for (Node source : volume.at("projected", "sources").items()) {
                        longest = Math.max(
                                longest,
                                source.at("serviceAccountToken", "expirationSeconds")
                                        .integer()
                                        .orElse(0));
                    }
                }
            }
        }
        findings.note(
                longest == 0
                        ? "tokens: no pod of these namespaces holds one with an end"
                        : "tokens that pods hold are good for up to " + longest
                                + " s (a year, where the API server extends them); the claim on entry has that exception until"
                                + " then");
        findings.note("certificates of the mesh and of clients outlive the apply until they expire");
        context.options()
                .auditLog()
                .ifPresentOrElse(
                        file -> AuditTrail.read(file, context.posture().namespaces())
                                .sessions()
                                .forEach(line -> findings.note("open since before: " + line)),
                        () -> findings.note("open streams are not known: no audit log was given"));
    }

    private static void livelihoods(GateContext context, Gate.Findings findings) {
        if (!denies(context) || context.posture().asks(Intent.DenyEntryByName.class)) {
            return;
        }
        Rbac before = Rbac.of(context.before());
        Rbac after = Rbac.of(context.after());
        Set<String> seen = new TreeSet<>();
        for (String namespace : context.posture().namespaces()) {
            if (!entryIsDenied(context, namespace)) {
                continue;
            }
            for (WhoCan who : before.whoCan(Action.named("exec").orElseThrow(), Optional.of(namespace))) {
                Subject subject = who.subject();
                boolean keeps = after.allows(Identity.of(subject), Entry.enter(namespace));
                if (keeps
                        || Entry.trusted(subject)
                        || context.posture().noExec().contains(subject)) {
                    continue;
                }
                if (context.givenUp(subject.toString())) {
                    findings.note(subject + " loses entry to " + namespace + ": given up by name");
                } else if (seen.add(subject + namespace)) {
                    findings.object(subject + " loses entry to " + namespace + ", which it has by "
                            + who.via().stream()
                                    .map(Grant::toString)
                                    .findFirst()
                                    .orElse("a binding"));
                }
            }
            fromTheLog(context, after, namespace, findings);
        }
        if (!findings.refused()) {
            findings.note("everyone who may enter now keeps it, is meant to lose it, or was given up by name");
        }
    }

    private static boolean entryIsDenied(GateContext context, String namespace) {
        return context.wanted("ValidatingAdmissionPolicy").stream()
                .map(Json::text)
                .anyMatch(text -> text.contains("pods/exec") && text.contains("\"" + namespace + "\""));
    }

    private static void fromTheLog(GateContext context, Rbac after, String namespace, Gate.Findings findings) {
        context.options().auditLog().ifPresent(file -> {
            AuditTrail trail = AuditTrail.read(file, List.of(namespace));
            trail.entries().forEach((identity, times) -> {
                Subject subject = Subject.user(identity.user());
                boolean meant = context.posture().noExec().stream()
                        .anyMatch(named -> named.userName().equals(identity.user())
                                || named.kind() == Subject.Kind.GROUP
                                        && identity.groups().contains(named.name()));
                boolean keeps = after.allows(identity, Entry.enter(namespace));
                if (!keeps && !meant && !identity.user().startsWith("system:kube-")) {
                    if (context.givenUp(subject.toString())) {
                        findings.note(subject + " entered " + times + " times: given up by name");
                    } else {
                        findings.object(subject + " entered containers of " + namespace + " " + times
                                + " times by the audit log, and would not any more");
                    }
                }
            });
            trail.warnings()
                    .forEach((user, count) -> findings.note("warned while admission did not deny yet: " + user + ", "
                            + count + " times in " + namespace));
        });
    }
}
