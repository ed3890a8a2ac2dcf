package io.zta.verify.probe;

import io.zta.verify.Catalogue;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** The attacks of the red team, in the order of the catalogue, and what has to go on working meanwhile. */
final class Attacks {
    private Attacks() {}

    /** All attacks on an arena. The log is where recorded attempts are read, if the audit policy changes with the posture. */
    static List<Attack> of(Attacker attacker, Optional<AuditLog> log) {
        List<Attack> attacks = new ArrayList<>();
        attacks.addAll(NetworkAttacks.of(attacker));
        attacks.addAll(MeshAttacks.of(attacker));
        attacks.addAll(PodAttacks.of(attacker));
        attacks.addAll(EntryAttacks.of(attacker));
        attacks.addAll(RightsAttacks.of(attacker));
        attacks.addAll(AuditAttacks.of(attacker, log));
        List<String> order = Catalogue.all().stream().map(Catalogue.Bypass::id).toList();
        attacks.sort(Comparator.comparing(attack -> order.indexOf(attack.bypass())));
        return List.copyOf(attacks);
    }

    /** What has to go on working. */
    static List<Attack> uses(Attacker attacker) {
        Arena arena = attacker.arena;
        return List.of(
                Attack.packets(
                        "",
                        "a request through the gateway",
                        () -> arena.fetches(arena.outside, "stranger", arena.entrance(), 80, arena.host)),
                Attack.packets("", "the kubelet's probe", () -> Arena.ready(arena.orders())),
                Attack.packets(
                        "",
                        "names resolve",
                        () -> Arena.exec(
                                        arena.admin,
                                        arena.namespace,
                                        "neighbour",
                                        "nslookup",
                                        "orders." + arena.namespace + ".svc.cluster.local")
                                .contains("Name:")),
                Attack.request(
                        "",
                        "the pipeline's account may create a deployment",
                        "",
                        () -> Attacker.does(() -> arena.logins
                                .withToken(Logins.token(arena.namespace, Arena.PIPELINE, arena.admin), "")
                                .resource(attacker.object("""
                                        apiVersion: apps/v1
                                        kind: Deployment
                                        metadata: {name: shipped, namespace: @NS@}
                                        spec:
                                          selector: {matchLabels: {app: shipped}}
                                          template:
                                            metadata: {labels: {app: shipped}}
                                            spec: {containers: [{name: app, image: '@IMAGE@'}]}
                                        """))
                                .dryRun()
                                .create())),
                Attack.request("", "logs are read", "", () -> attacker.passes("GET", "/log?container=app")));
    }
}
