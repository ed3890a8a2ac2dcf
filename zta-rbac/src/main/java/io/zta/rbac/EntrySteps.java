package io.zta.rbac;

import io.zta.finding.Doubt;
import io.zta.rbac.Gate.Passage;
import io.zta.rbac.Holder.Held;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** The last step: into a container of a namespace, or to a port of it past the mesh. */
final class EntrySteps {
    /** The privileges that are entry by themselves; nodes/proxy is a step onto the node. */
    static final List<Privilege> PRIVILEGES = List.of(
            Privilege.EXEC_POST,
            Privilege.EXEC_GET,
            Privilege.ATTACH_POST,
            Privilege.ATTACH_GET,
            Privilege.PORT_FORWARD_POST,
            Privilege.PORT_FORWARD_GET,
            Privilege.EPHEMERAL,
            Privilege.POD_PROXY,
            Privilege.SERVICE_PROXY);

    private EntrySteps() {}

    static String bypass(Privilege privilege) {
        return switch (privilege) {
            case EXEC_POST, EXEC_GET -> "API-exec";
            case ATTACH_POST, ATTACH_GET -> "API-attach";
            case PORT_FORWARD_POST, PORT_FORWARD_GET -> "API-portforward";
            case EPHEMERAL -> "API-ephemeral";
            case POD_PROXY, SERVICE_PROXY -> "API-proxy";
            default -> "API-node";
        };
    }

    private static String what(Privilege privilege) {
        return switch (privilege) {
            case EXEC_POST -> "runs commands with pods/exec (POST)";
            case EXEC_GET -> "runs commands with pods/exec (WebSocket GET)";
            case ATTACH_POST -> "attaches with pods/attach (POST)";
            case ATTACH_GET -> "attaches with pods/attach (WebSocket GET)";
            case PORT_FORWARD_POST -> "forwards ports with pods/portforward (POST)";
            case PORT_FORWARD_GET -> "forwards ports with pods/portforward (WebSocket GET)";
            case EPHEMERAL -> "adds a container with pods/ephemeralcontainers";
            case POD_PROXY -> "reaches ports with pods/proxy";
            case SERVICE_PROXY -> "reaches ports with services/proxy";
            default -> "uses " + privilege;
        };
    }

    /** Steps from a place into containers of a namespace. */
    static List<Step> into(Situation situation, Place from, String namespace, ServerFacts server) {
        Place inside = Place.of(Place.Kind.INSIDE);
        switch (from.kind()) {
            case HOST -> {
                return List.of(new Step(
                        from,
                        inside,
                        "",
                        "from the node gets into every container on it",
                        List.of(),
                        List.of(),
                        List.of()));
            }
            case INJECTED -> {
                return List.of(new Step(
                        from,
                        inside,
                        "",
                        "has a container of its own in the pods of namespace " + namespace,
                        List.of(),
                        List.of(),
                        List.of()));
            }
            case SUBJECT -> {
                return direct(situation, from, namespace, server);
            }
            default -> {
                return List.of();
            }
        }
    }

    private static List<Step> direct(Situation situation, Place from, String namespace, ServerFacts server) {
        Holder holder = situation.holder(from);
        List<Step> steps = new ArrayList<>();
        if (holder.isPowerless()) {
            return steps;
        }
        boolean enters = Holder.givesEnter(from.extra(), namespace);
        Set<String> names = holder.enterNames();
        for (Privilege privilege : PRIVILEGES) {
            ServerFacts.Gate gate = isGet(privilege) ? server.getAlone() : ServerFacts.Gate.OPEN;
            if (gate == ServerFacts.Gate.SHUT) {
                continue;
            }
            for (Held held : holder.grants(privilege)) {
                if (!held.binding().countsIn(namespace)) {
                    continue;
                }
                Passage passage = enters ? Passage.FREE : situation.passage(holder, privilege, held, namespace, names);
                if (passage.open()) {
                    List<Doubt> doubts = new ArrayList<>(passage.doubts());
                    if (gate == ServerFacts.Gate.UNKNOWN) {
                        doubts.add(server.doubt());
                    }
                    steps.add(new Step(
                            from,
                            Place.of(Place.Kind.INSIDE),
                            bypass(privilege),
                            what(privilege) + " in namespace " + namespace
                                    + (held.named() ? " on " + held.rule().names() : ""),
                            List.of(held.grant()),
                            passage.notes(),
                            doubts));
                }
            }
        }
        return steps;
    }

    static boolean isGet(Privilege privilege) {
        return privilege == Privilege.EXEC_GET
                || privilege == Privilege.ATTACH_GET
                || privilege == Privilege.PORT_FORWARD_GET;
    }
}
