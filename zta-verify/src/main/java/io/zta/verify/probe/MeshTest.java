package io.zta.verify.probe;

import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.zta.intent.Gateway;
import io.zta.verify.probe.Ground.NoPod;
import io.zta.verify.probe.Shot.Hit;
import io.zta.verify.probe.Shot.Want;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Test 3: what the sidecars accept. The sources wear the gateway's labels, so that network policies let them in and the
 * mesh alone decides: plaintext from outside the mesh, plaintext from inside it, and mTLS under an identity that is not the
 * gateway's.
 */
final class MeshTest {
    private MeshTest() {}

    static Source outside(Gateway gateway) {
        return Source.plain("plaintext", gateway.namespace(), gateway.labels());
    }

    static Source inside(Gateway gateway) {
        return Source.meshed("identity", gateway.namespace(), gateway.labels());
    }

    static List<Check> run(Gateway gateway, Ground ground, List<Target> targets) throws NoPod {
        List<Check> checks = new ArrayList<>();
        List<Target> meshed = targets.stream().filter(Target::sidecar).toList();
        for (Target target : targets) {
            if (!target.sidecar()) {
                checks.add(new Check(
                        3,
                        "mesh/sidecar/" + target.id(),
                        "the pod " + target.namespace() + "/" + target.pod() + " has a sidecar",
                        Answer.ALLOWED,
                        Answer.DENIED,
                        "it has no container istio-proxy: nothing checks what comes in"));
            }
        }
        if (meshed.isEmpty()) {
            return checks;
        }
        List<Shot> outside = new ArrayList<>();
        List<Shot> inside = new ArrayList<>();
        for (Target target : meshed) {
            outside.add(Shot.tcp("tcp:" + target.id(), target.ip(), target.port(), Want.OPEN));
            outside.add(Shot.http("http:" + target.id(), target.ip(), target.port(), Want.CLOSED));
            inside.add(Shot.http("pod:" + target.id(), target.ip(), target.port(), Want.CLOSED));
            target.service().ifPresent(way -> {
                inside.add(Shot.http("mtls:" + target.id(), target.serviceHost(), way.port(), Want.CLOSED));
                inside.add(Shot.names(
                        "peer:" + target.id(),
                        "/config_dump?resource=dynamic_active_clusters&name_regex=outbound." + way.port() + ".."
                                + target.serviceHost()));
            });
        }
        inside.add(Shot.names("own", "/certs"));
        Job plain = ground.ask(outside(gateway), outside);
        Job mesh = ground.ask(inside(gateway), inside);
        Map<String, Hit> out = ground.answers(plain);
        Map<String, Hit> in = ground.answers(mesh);
        String own = in.getOrDefault("own", Hit.MISSING).raw();
        for (Target target : meshed) {
            judge(checks, target, out, in, own);
        }
        return checks;
    }

    private static void judge(
            List<Check> checks, Target target, Map<String, Hit> out, Map<String, Hit> in, String own) {
        Hit connects = out.getOrDefault("tcp:" + target.id(), Hit.MISSING);
        Hit plaintext = out.getOrDefault("http:" + target.id(), Hit.MISSING);
        Hit passthrough = in.getOrDefault("pod:" + target.id(), Hit.MISSING);
        Hit identity = in.getOrDefault("mtls:" + target.id(), Hit.MISSING);
        String peer = in.getOrDefault("peer:" + target.id(), Hit.MISSING).raw();
        // Only an HTTP status of the other side shows that it speaks HTTP; one's own sidecar makes up a 503.
        boolean spoken = identity.raw().matches("[1-4]\\d\\d") || identity.raw().equals("500");
        String control = "control, a connection from the same pod to the same port: " + connects.raw()
                + "; control, mTLS to the same port is answered: " + identity.raw();
        checks.add(new Check(
                3,
                "mesh/plaintext/" + target.id(),
                "plaintext from outside the mesh to " + target.display(),
                Answer.DENIED,
                plaintext.answer() == Answer.DENIED && !(connects.open() && spoken)
                        ? Answer.INCONCLUSIVE
                        : plaintext.answer(),
                "answered: " + plaintext.raw() + "; " + control));
        checks.add(new Check(
                3,
                "mesh/passthrough/" + target.id(),
                "plaintext from inside the mesh to " + target.display(),
                Answer.DENIED,
                passthrough.answer() == Answer.DENIED && !(connects.open() && spoken)
                        ? Answer.INCONCLUSIVE
                        : passthrough.answer(),
                "answered: " + passthrough.raw() + "; " + control));
        if (target.service().isPresent()) {
            checks.add(new Check(
                    3,
                    "mesh/identity/" + target.id(),
                    "mTLS to " + target.display() + " under an identity that is not the gateway's",
                    Answer.DENIED,
                    identity.answer() == Answer.DENIED && !spoken ? Answer.INCONCLUSIVE : identity.answer(),
                    "answered: " + identity.raw() + " to " + own
                            + "; the sidecar that asked accepts from the other side " + peer));
        }
    }
}
