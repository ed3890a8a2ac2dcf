package io.zta.rbac;

import io.zta.finding.Doubt;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Node;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a snapshot shows of the API server's version and flags. */
final class ServerFacts {
    /** Whether {@code get} alone opens a stream over WebSocket. */
    enum Gate {
        OPEN,
        SHUT,
        UNKNOWN
    }

    private static final Pattern VERSION = Pattern.compile("v?1\\.([0-9]+)");
    private static final String GATE = "AuthorizePodWebsocketUpgradeCreatePermission";
    private static final int FIRST_WITH_GATE = 35;

    private final Gate getAlone;
    private final Optional<Doubt> authorizers;

    private ServerFacts(Gate getAlone, Optional<Doubt> authorizers) {
        this.getAlone = getAlone;
        this.authorizers = authorizers;
    }

    static ServerFacts of(Snapshot snapshot) {
        List<Resource> servers = snapshot.resources(GroupKind.POD, "kube-system").stream()
                .filter(pod -> pod.labels().getOrDefault("component", "").equals("kube-apiserver"))
                .toList();
        boolean shutEverywhere = !servers.isEmpty();
        boolean openSomewhere = false;
        List<String> modes = new ArrayList<>();
        for (Resource server : servers) {
            String flags = flags(server);
            int minor =
                    minor(server.spec().get("containers").item(0).get("image").textOr(""));
            boolean off = flags.contains(GATE + "=false");
            openSomewhere |= off || minor >= 0 && minor < FIRST_WITH_GATE;
            shutEverywhere &= minor >= FIRST_WITH_GATE && !off;
            Matcher mode = Pattern.compile("--authorization-mode[= ](\\S+)").matcher(flags);
            if (mode.find()) {
                modes.add(mode.group(1));
            }
            if (flags.contains("--authorization-config")) {
                modes.add("of --authorization-config");
            }
        }
        return new ServerFacts(
                openSomewhere ? Gate.OPEN : shutEverywhere ? Gate.SHUT : byKubelets(snapshot), doubtOf(modes));
    }

    /** A kubelet is never newer than its API server. */
    private static Gate byKubelets(Snapshot snapshot) {
        boolean recent = snapshot.resources(GroupKind.NODE).stream()
                .anyMatch(node -> minor(node.tree()
                                .at("status", "nodeInfo", "kubeletVersion")
                                .textOr(""))
                        >= FIRST_WITH_GATE);
        return recent ? Gate.UNKNOWN : Gate.OPEN;
    }

    private static int minor(String text) {
        Matcher matcher = VERSION.matcher(text.substring(text.lastIndexOf(':') + 1));
        return matcher.find() ? Integer.parseInt(matcher.group(1)) : -1;
    }

    private static String flags(Resource server) {
        StringBuilder flags = new StringBuilder();
        for (Node container : server.spec().get("containers").items()) {
            container.get("command").texts().forEach(flag -> flags.append(flag).append(' '));
            container.get("args").texts().forEach(flag -> flags.append(flag).append(' '));
        }
        return flags.toString();
    }

    private static Optional<Doubt> doubtOf(List<String> modes) {
        return modes.stream()
                .filter(mode -> !List.of(mode.split(",")).stream().allMatch(List.of("Node", "RBAC")::contains))
                .findFirst()
                .map(mode -> Doubt.of(
                        "the API server's authorizers are " + mode
                                + ": what others than RBAC and Node allow is not known",
                        "let RBAC and Node alone decide, or ask the live server with access reviews"));
    }

    /** Whether {@code get} on exec, attach or port-forward is enough: before 1.35 it is. */
    Gate getAlone() {
        return getAlone;
    }

    /** What to say where {@link #getAlone} is unknown. */
    Doubt doubt() {
        return Doubt.of(
                "get alone opens a WebSocket where the feature gate " + GATE
                        + " is off, and the API server's flags are not in the snapshot",
                "add the kube-apiserver pod to the snapshot, or take the verb get away");
    }

    /** Authorizers beside Node and RBAC that may allow more. */
    Optional<Doubt> authorizers() {
        return authorizers;
    }
}
