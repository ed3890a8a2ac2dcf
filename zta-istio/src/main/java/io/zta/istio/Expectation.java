package io.zta.istio;

import io.zta.Posture;
import io.zta.intent.Gateway;
import io.zta.intent.Intent;
import io.zta.intent.Port;
import io.zta.intent.TokenIssuer;
import io.zta.snapshot.Pod;
import java.util.List;
import java.util.Optional;

/** Whom a posture lets in: the gateway and allowed workloads, on their ports, with the token where one is required. */
final class Expectation {
    private final Posture posture;
    private final Mesh mesh;
    private final Clients clients;

    Expectation(Posture posture, Mesh mesh, Clients clients) {
        this.posture = posture;
        this.mesh = mesh;
        this.clients = clients;
    }

    boolean allows(Pod pod, int port, Client client) {
        Optional<TokenIssuer> issuer = posture.intent(Intent.RequireToken.class).map(Intent.RequireToken::issuer);
        boolean token = issuer.isEmpty()
                || client.token()
                        .filter(held -> held.issuer().equals(issuer.get().issuer()))
                        .filter(held -> issuer.get().audiences().isEmpty()
                                || issuer.get().audiences().stream().anyMatch(held.audiences()::contains))
                        .isPresent();
        if (!token) {
            // The token is asked for on the posture's ports; on others nobody is expected at all.
            return !posture.asks(Intent.StrictMtls.class) && !on(posture.ports(), port);
        }
        if (!posture.asks(Intent.StrictMtls.class)) {
            return true;
        }
        return client.principal()
                .filter(identity -> gateway(identity, port) || peer(pod, port, identity))
                .isPresent();
    }

    private boolean gateway(String identity, int port) {
        Optional<Gateway> gateway = posture.gateway();
        return gateway.isPresent()
                && identity.equals(
                        mesh.identity(gateway.get().namespace(), gateway.get().serviceAccount()))
                && on(posture.ports(), port);
    }

    private boolean peer(Pod pod, int port, String identity) {
        return posture.intents(Intent.Allow.class).stream()
                .anyMatch(allow -> on(allow.ports(), port)
                        && pod.labels()
                                .entrySet()
                                .containsAll(allow.to().labels().entrySet())
                        && clients.matches(MeshObjects.principal(allow.from(), pod.namespace()), identity));
    }

    static boolean on(List<Port> ports, int number) {
        return ports.isEmpty()
                || ports.stream().anyMatch(port -> port.protocol() == Port.Protocol.TCP && port.contains(number));
    }
}
