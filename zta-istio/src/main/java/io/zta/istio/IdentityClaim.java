package io.zta.istio;

import io.zta.Posture;
import io.zta.finding.Claim;
import io.zta.finding.ClaimResult;
import io.zta.finding.Doubt;
import io.zta.finding.Evidence;
import io.zta.finding.Finding;
import io.zta.finding.Hop;
import io.zta.finding.Severity;
import io.zta.intent.Gateway;
import io.zta.intent.Intent;
import io.zta.intent.TokenIssuer;
import io.zta.snapshot.Node;
import io.zta.snapshot.Origin;
import io.zta.snapshot.Pod;
import io.zta.snapshot.Pods;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Whether none but the allowed identities get through to a namespace's pods, with the token where one is required, and
 * whether it stays so beside an ALLOW policy that somebody adds, and without those that are there.
 */
final class IdentityClaim {
    private final Posture posture;
    private final Mesh mesh;
    private final Pods pods;
    private final Ports ports;
    private final Clients clients;
    private final Expectation expectation;
    private final Map<String, Finding> findings = new LinkedHashMap<>();

    IdentityClaim(Posture posture, Mesh mesh, Pods pods, Ports ports) {
        this.posture = posture;
        this.mesh = mesh;
        this.pods = pods;
        this.ports = ports;
        this.clients = new Clients(mesh, posture);
        this.expectation = new Expectation(posture, mesh, clients);
    }

    ClaimResult examine(String namespace, Map<Pod, Integer> classes) {
        ClaimResult.Collector collector = ClaimResult.collect(Claim.IDENTITY, "namespace " + namespace);
        collector.assume("Nobody outside the trusted base holds the key of the mesh's certificate authority.");
        if (posture.asks(Intent.RequireToken.class)) {
            collector.assume("The token issuer's keys are what the issuer publishes.");
        }
        MeshExamination.assumptions(collector, mesh, classes);
        pods.unreadIn(namespace).stream().map(Doubt::ofPods).forEach(collector::doubt);
        Mesh widened = Mesh.of(mesh.snapshot().with(List.of(allowAll(namespace))));
        for (Map.Entry<Pod, Integer> entry : classes.entrySet()) {
            Pod pod = entry.getKey();
            List<Client> all = clients.of(pod);
            boolean closed = true;
            boolean guarded = true;
            for (int port : ports.of(pod, posture.ports())) {
                for (Client client : all) {
                    collector.cover(entry.getValue());
                    if (expectation.allows(pod, port, client)) {
                        continue;
                    }
                    closed &= judge(collector, pod, port, client);
                    guarded &= !guards(namespace, port, client)
                            || !(widened.decide(pod, port, client) instanceof MeshVerdict.Allowed);
                }
                authorizer(collector, pod, port);
            }
            if (closed && posture.asks(Intent.StrictMtls.class)) {
                depth(namespace, pod, guarded);
            } else if (closed && !guarded) {
                depth(namespace, pod, false);
            }
            issuers(pod);
            filters(pod);
            new Uncaptured(posture, mesh.snapshot()).examine(pod, collector);
        }
        if (findings.isEmpty()) { // else the same way in would be told once more
            classes.keySet().stream().findFirst().ifPresent(pod -> unlabelled(namespace, pod));
        }
        worn();
        findings.values().forEach(collector::violatedBy);
        collector.because(
                "no plaintext client, no other identity and no request without the token is let through, and none"
                        + " would be beside a further ALLOW");
        return collector.result();
    }

    /** Whom a pod lets in that wears no label for a policy to select. */
    private void unlabelled(String namespace, Pod pod) {
        Pod bare = MeshExamination.withoutLabels(posture, pod);
        for (int port : ports.of(pod, posture.ports())) {
            for (Client client : clients.of(bare)) {
                if (client.principal().isPresent()
                        && guards(namespace, port, client)
                        && !expectation.allows(bare, port, client)
                        && mesh.decide(pod, port, client) instanceof MeshVerdict.Denied
                        && mesh.decide(bare, port, client) instanceof MeshVerdict.Allowed allowed) {
                    add(
                            MeshFinding.LABEL,
                            bare,
                            "without its labels lets in " + described(client) + ": no AuthorizationPolicy selects it",
                            allowed.because(),
                            client,
                            port,
                            "");
                    return;
                }
            }
        }
    }

    /** Whether a guard has to stop this client: a stranger anywhere, and on the posture's ports whoever has no token. */
    private boolean guards(String namespace, int port, Client client) {
        boolean stranger = posture.asks(Intent.StrictMtls.class)
                && client.principal()
                        .filter(identity -> MeshObjects.allowedPrincipals(posture, namespace).stream()
                                .anyMatch(pattern -> clients.matches(pattern, identity)))
                        .isEmpty();
        boolean tokenless = Clients.required(posture).isPresent()
                && Expectation.on(posture.ports(), port)
                && client.token()
                        .filter(token -> token.issuer()
                                .equals(Clients.required(posture).orElseThrow().issuer()))
                        .isEmpty();
        return stranger || tokenless;
    }

    /** Whether a client that is not expected is kept out; notes why not. */
    private boolean judge(ClaimResult.Collector collector, Pod pod, int port, Client client) {
        MeshVerdict verdict = mesh.decide(pod, port, client);
        if (verdict instanceof MeshVerdict.Denied) {
            return true;
        }
        if (verdict instanceof MeshVerdict.Unknown unknown) {
            unknown.doubts().forEach(collector::doubt);
            return false;
        }
        MeshVerdict.Allowed allowed = (MeshVerdict.Allowed) verdict;
        if (!allowed.authorizers().isEmpty()) {
            collector.doubt(Doubt.of(
                    client + " is let through to " + pod.display() + " TCP " + port + " if the external authorizer "
                            + String.join(", ", allowed.authorizers()) + " lets it",
                    "deny it by an AuthorizationPolicy as well"));
            return false;
        }
        Capture capture = mesh.capture(pod, port);
        if (capture.is(Capture.State.OPEN)) {
            add(
                    MeshFinding.ofCapture(capture.bypass()),
                    pod,
                    "lets anybody in: " + capture.reason(),
                    capture.evidence(),
                    client,
                    port,
                    "");
            return false;
        }
        boolean tokenless = posture.asks(Intent.RequireToken.class)
                && mesh.chain(pod, port).chain() == Chains.Chain.TCP
                && Clients.required(posture)
                        .filter(token -> expectation.allows(pod, port, client.withToken(token)))
                        .isPresent();
        Optional<Evidence> dry = mesh.authorization().acting(pod).stream()
                .filter(Authorization.Acting::dryRun)
                .map(acting ->
                        Evidence.of(acting.policy(), "metadata.annotations.istio.io/dry-run", "true: not enforced"))
                .findFirst();
        List<Evidence> because = dry.map(evidence -> {
                    List<Evidence> more = new java.util.ArrayList<>(allowed.because());
                    more.add(0, evidence);
                    return more;
                })
                .orElse(allowed.because());
        String some = allowed.everyRequest() ? "" : ", for some requests or addresses";
        add(
                tokenless ? MeshFinding.PROTOCOL : MeshFinding.IDENTITY,
                pod,
                tokenless ? "is served as plain TCP, where no token is checked" : "lets in " + described(client) + some,
                because,
                client,
                port,
                "");
        return false;
    }

    private String described(Client client) {
        if (client.principal().isEmpty()) {
            return "clients without an identity";
        }
        boolean missing =
                posture.asks(Intent.RequireToken.class) && client.token().isEmpty();
        return "the identity " + client.principal().get() + (missing ? " without a token" : "")
                + client.token()
                        .map(token -> " with a token of " + token.issuer())
                        .orElse("");
    }

    private void add(
            MeshFinding kind, Pod pod, String title, List<Evidence> because, Client client, int port, String extra) {
        String object = "Pod " + pod.display();
        findings.putIfAbsent(
                kind + object + (kind == MeshFinding.IDENTITY ? decisive(because) : title),
                kind.of(
                        Severity.ERROR,
                        object,
                        title + extra,
                        because,
                        MeshFinding.witness(
                                client + " connects to " + pod.display() + " TCP " + port,
                                "its sidecar lets it through to the application",
                                because)));
    }

    private static String decisive(List<Evidence> because) {
        return because.isEmpty() ? "" : because.get(because.size() - 1).toString();
    }

    /** What holds only as long as nobody adds or removes one policy. */
    private void depth(String namespace, Pod pod, boolean guarded) {
        if (!guarded) {
            findings.putIfAbsent(
                    "guard " + namespace,
                    MeshFinding.NO_GUARD.of(
                            Severity.WARNING,
                            "Namespace " + namespace,
                            "is closed by its ALLOW policies alone: one further ALLOW opens " + pod.display(),
                            List.of(Evidence.of(pod.resource(), "", "no DENY names everybody but the allowed")),
                            List.of(
                                    Hop.of("somebody adds an AuthorizationPolicy with rules [{}]"),
                                    Hop.of("every identity reaches " + pod.display()))));
        }
        boolean nothing = mesh.authorization().acting(pod).stream()
                .anyMatch(acting -> acting.action().equals("ALLOW")
                        && !acting.dryRun()
                        && acting.applies() == Truth.YES
                        && acting.policy().spec().get("rules").size() == 0);
        if (posture.asks(Intent.StrictMtls.class) && !nothing) {
            findings.putIfAbsent(
                    "default " + namespace,
                    MeshFinding.NO_DEFAULT.of(
                            Severity.WARNING,
                            "Namespace " + namespace,
                            "denies nothing by default: without its last ALLOW policy, what no DENY names reaches "
                                    + pod.display(),
                            List.of(Evidence.of(pod.resource(), "", "no AuthorizationPolicy without rules acts on it")),
                            List.of(Hop.of("the last ALLOW policy goes"), Hop.of("what is not denied passes"))));
        }
    }

    private static Resource allowAll(String namespace) {
        Node tree = Snapshot.ofText(
                        "hypothesis",
                        "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: any, namespace: "
                                + namespace + "}\nspec: {rules: [{}]}\n")
                .resources()
                .findFirst()
                .orElseThrow()
                .tree();
        return Resource.of(tree, Origin.MEMORY);
    }

    /** Requests that are let through must have been put to the posture's authorizer. */
    private void authorizer(ClaimResult.Collector collector, Pod pod, int port) {
        Optional<String> asked =
                posture.intent(Intent.ExternalAuthorizer.class).map(Intent.ExternalAuthorizer::provider);
        if (asked.isEmpty() || !Expectation.on(posture.ports(), port)) {
            return;
        }
        Client client = posture.gateway()
                .map(gateway -> Client.identity(mesh.identity(gateway.namespace(), gateway.serviceAccount())))
                .orElse(Client.plaintext());
        Client full = Clients.required(posture).map(client::withToken).orElse(client);
        if (mesh.decide(pod, port, full) instanceof MeshVerdict.Allowed allowed
                && !allowed.authorizers().contains(asked.get())) {
            findings.putIfAbsent(
                    "authorizer " + pod.display(),
                    MeshFinding.NO_AUTHORIZER.of(
                            Severity.ERROR,
                            "Pod " + pod.display(),
                            "takes requests on TCP " + port + " that are not put to the authorizer " + asked.get(),
                            allowed.because(),
                            MeshFinding.witness(
                                    full + " connects to " + pod.display() + " TCP " + port,
                                    "nothing asks the authorizer",
                                    allowed.because())));
        }
        collector.assume("The external authorizer " + asked.get() + " decides as it should.");
    }

    /** Another source of keys for the issuer that the posture requires lets others sign its tokens. */
    private void issuers(Pod pod) {
        Optional<TokenIssuer> required =
                posture.intent(Intent.RequireToken.class).map(Intent.RequireToken::issuer);
        for (Tokens.TokenRule rule : mesh.tokens().rules(pod)) {
            boolean same = required.isPresent()
                    && (rule.issuer().isEmpty()
                            || rule.issuer().equals(required.get().issuer()));
            if (!same) {
                continue;
            }
            boolean uri =
                    rule.rule().get("jwksUri").text().equals(required.get().jwksUri());
            boolean inline = rule.rule()
                    .get("jwks")
                    .text()
                    .map(String::strip)
                    .equals(required.get().jwks().map(String::strip));
            if (!uri || !inline) {
                Evidence evidence = Evidence.of(
                        rule.policy(),
                        "spec.jwtRules[" + rule.index() + "]." + (uri ? "jwks" : "jwksUri"),
                        uri ? rule.rule().get("jwks") : rule.rule().get("jwksUri"));
                findings.putIfAbsent(
                        "issuer " + evidence,
                        MeshFinding.ISSUER.of(
                                Severity.ERROR,
                                rule.policy().display(),
                                "takes tokens of " + required.get().issuer() + " that are signed with other keys",
                                List.of(evidence),
                                List.of(
                                        Hop.of(
                                                "whoever holds those keys signs a token of "
                                                        + required.get().issuer(),
                                                evidence),
                                        Hop.of(pod.display() + " takes it as one of the issuer's"))));
            }
        }
    }

    private void filters(Pod pod) {
        for (Resource filter : mesh.extensions().filters(pod)) {
            Extensions.removal(filter)
                    .ifPresent(evidence -> findings.putIfAbsent(
                            "filter " + evidence,
                            MeshFinding.CONFIG.of(
                                    Severity.ERROR,
                                    filter.display(),
                                    "takes the check of identities or tokens out of the sidecar of " + pod.display(),
                                    List.of(evidence),
                                    List.of(
                                            Hop.of("any identity of the mesh connects to " + pod.display()),
                                            Hop.of("the filter that would refuse it is gone", evidence)))));
        }
    }

    /** Pods that run as the gateway without being it. */
    private void worn() {
        if (!posture.asks(Intent.StrictMtls.class) || posture.gateway().isEmpty()) {
            return;
        }
        Gateway gateway = posture.gateway().get();
        List<Pod> running = pods.in(gateway.namespace()).stream()
                .filter(pod -> pod.serviceAccount().equals(gateway.serviceAccount()))
                .toList();
        List<String> names = List.of(gateway.name(), gateway.serviceAccount());
        List<Pod> genuine = running.stream()
                .filter(pod -> names.contains(pod.workload().name())
                        && pod.labels().entrySet().containsAll(gateway.labels().entrySet()))
                .toList();
        boolean proxies = genuine.stream().anyMatch(mesh::isGateway);
        for (Pod pod : running) {
            boolean labelled =
                    pod.labels().entrySet().containsAll(gateway.labels().entrySet());
            boolean named = names.contains(pod.workload().name()) && (mesh.isGateway(pod) || !proxies);
            boolean own = genuine.isEmpty() ? labelled : named;
            if (labelled && own) {
                continue;
            }
            Evidence evidence = Evidence.of(pod.resource(), "spec.serviceAccountName", pod.serviceAccount());
            findings.putIfAbsent(
                    "worn " + pod.workload(),
                    MeshFinding.WORN.of(
                            Severity.ERROR,
                            "Pod " + pod.display(),
                            "runs as the gateway's service account without being the gateway " + gateway,
                            List.of(evidence),
                            List.of(
                                    Hop.of(pod.display() + " has the identity of the gateway", evidence),
                                    Hop.of("every protected port lets that identity in"))));
        }
    }
}
