package io.zta.rbac.admission;

import io.zta.Posture;
import io.zta.compile.Compiled;
import io.zta.intent.Intent;
import io.zta.intent.Subject;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * Compiles the admission policies that decide who gets into a container. An allow-list: whoever holds the virtual verb
 * {@code enter} on {@code containers.zta.io}. A list of denied groups alone would be left by impersonation and by tokens.
 */
public final class EntryPolicies {
    /** Every way into a container that connects, except through the node. */
    static final List<String> CONNECTS =
            List.of("pods/exec", "pods/attach", "pods/portforward", "pods/proxy", "services/proxy");

    private EntryPolicies() {}

    /** Whether the posture asks who may get into containers. */
    public static boolean asked(Posture posture) {
        return !because(posture).isEmpty();
    }

    /** The policies on the protected namespaces and on the nodes. */
    public static List<Compiled> of(Posture posture) {
        if (!asked(posture)) {
            return List.of();
        }
        List<Compiled> all = new ArrayList<>();
        all.addAll(namespaced("entry", posture, posture.namespaces(), because(posture)));
        all.addAll(nodes(posture));
        return all;
    }

    static List<Intent> because(Posture posture) {
        return posture.intents().stream()
                .filter(intent -> intent instanceof Intent.NoExec
                        || intent instanceof Intent.KeepEntry
                        || intent instanceof Intent.BreakGlass)
                .toList();
    }

    /** The policy on entry into the pods of some namespaces. */
    static List<Compiled> namespaced(
            String what, Posture posture, Collection<String> namespaces, Collection<? extends Intent> because) {
        PolicyDraft draft = new PolicyDraft(what, posture, because)
                .in(namespaces)
                .on(List.of("CONNECT"), "", "Namespaced", CONNECTS)
                .on(List.of("UPDATE"), "", "Namespaced", List.of("pods/ephemeralcontainers"))
                .let("mayEnter", Cel.MAY_ENTER);
        return decide(draft, posture, "in the namespace").compile();
    }

    private static List<Compiled> nodes(Posture posture) {
        // Cluster-scoped: no namespaceSelector exempts it. Through a node one gets into every pod on it.
        PolicyDraft draft = new PolicyDraft("entry-nodes", posture, because(posture))
                .on(List.of("CONNECT"), "", "Cluster", List.of("nodes/proxy"))
                .let("mayEnter", Cel.MAY_ENTER_ANYWHERE);
        return decide(draft, posture, "in the whole cluster").compile();
    }

    private static PolicyDraft decide(PolicyDraft draft, Posture posture, String where) {
        String remedy = " Use logs and metrics, or ask for a break-glass grant: the verb enter on containers.zta.io "
                + where + ".";
        if (posture.asks(Intent.DenyEntryByName.class)) {
            return draft.let("named", named(posture.noExec()))
                    .require(
                            "variables.mayEnter || !variables.named",
                            "The posture " + name(posture) + " keeps you out of containers." + remedy);
        }
        return draft.require(
                "variables.mayEnter", "The posture " + name(posture) + " closes containers to everyone." + remedy);
    }

    private static String named(List<Subject> subjects) {
        List<String> groups = new ArrayList<>();
        List<String> users = new ArrayList<>();
        for (Subject subject : subjects) {
            (subject.kind() == Subject.Kind.GROUP ? groups : users).add(subject.userName());
        }
        String byGroup = "has(request.userInfo.groups) && request.userInfo.groups.exists(group, group in "
                + Cel.list(groups) + ")";
        String byUser = "request.userInfo.username in " + Cel.list(users);
        if (users.isEmpty()) {
            return groups.isEmpty() ? "false" : byGroup;
        }
        return groups.isEmpty() ? byUser : byUser + " || " + byGroup;
    }

    static String name(Posture posture) {
        return String.join(",", posture.namespaces()) + "/" + posture.name();
    }
}
