package io.zta.verify.probe;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import io.zta.Posture;
import io.zta.intent.Gateway;
import io.zta.intent.Intent;
import io.zta.verify.probe.Ground.NoPod;
import io.zta.verify.probe.Shot.Hit;
import io.zta.verify.probe.Shot.Want;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Test 4: what the posture allows still works, through the gateway, and what it asks for there is asked for. */
final class GatewayTest {
    private static final ResourceDefinitionContext VIRTUAL_SERVICE = new ResourceDefinitionContext.Builder()
            .withGroup("networking.istio.io")
            .withVersion("v1")
            .withKind("VirtualService")
            .withPlural("virtualservices")
            .withNamespaced(true)
            .build();

    private GatewayTest() {}

    static Source visitor(Options options) {
        return Source.plain("visitor", options.namespace(), Map.of());
    }

    static List<Check> run(Posture posture, Gateway gateway, KubernetesClient client, Options options, Ground ground)
            throws NoPod {
        boolean token = posture.asks(Intent.RequireToken.class);
        Optional<String> host = options.host().or(() -> host(posture, client));
        Optional<Target.Way> way = entrance(gateway, client);
        if (host.isEmpty() || way.isEmpty()) {
            return List.of(new Check(
                    4,
                    "gateway/request",
                    "a legitimate request through the gateway " + gateway,
                    Answer.ALLOWED,
                    Answer.INCONCLUSIVE,
                    way.isEmpty()
                            ? "no Service with an HTTP port leads to the gateway's pods"
                            : "no VirtualService of the namespaces names a host: name one with --host"));
        }
        Options.Tokens tokens = options.tokens();
        Map<String, String> carried = new LinkedHashMap<>();
        tokens.valid().ifPresent(value -> carried.put("valid", value));
        tokens.expired().ifPresent(value -> carried.put("expired", value));
        tokens.foreign().ifPresent(value -> carried.put("foreign", value));
        List<Shot> shots = new ArrayList<>();
        shots.add(shot("without", way.get(), token ? Want.CLOSED : Want.OPEN, options, host.get()));
        for (String key : carried.keySet()) {
            Want want = key.equals("valid") ? Want.OPEN : Want.CLOSED;
            shots.add(shot(key, way.get(), want, options, host.get()).carrying(key));
        }
        Map<String, Hit> hits = ground.answers(ground.ask(visitor(options), shots, carried));
        return judge(token, hits, carried, host.get());
    }

    private static Shot shot(String id, Target.Way way, Want want, Options options, String host) {
        return Shot.http(id, way.ip(), way.port(), want).to(options.path(), host);
    }

    private static List<Check> judge(boolean token, Map<String, Hit> hits, Map<String, String> carried, String host) {
        List<Check> checks = new ArrayList<>();
        Hit valid = hits.getOrDefault("valid", Hit.MISSING);
        Hit without = hits.getOrDefault("without", Hit.MISSING);
        checks.add(check(
                "without",
                "a request for " + host + " through the gateway without a token",
                token ? Answer.DENIED : Answer.ALLOWED,
                without,
                token,
                valid));
        if (carried.containsKey("valid")) {
            checks.add(check("valid", "the same with a valid token", Answer.ALLOWED, valid, false, valid));
        } else if (token) {
            checks.add(new Check(
                    4,
                    "gateway/valid",
                    "the same with a valid token",
                    Answer.ALLOWED,
                    Answer.INCONCLUSIVE,
                    "no token was given: name one with --token-file"));
        }
        if (carried.containsKey("expired")) {
            checks.add(check(
                    "expired",
                    "the same with an expired token",
                    Answer.DENIED,
                    hits.getOrDefault("expired", Hit.MISSING),
                    true,
                    valid));
        }
        if (carried.containsKey("foreign")) {
            checks.add(check(
                    "foreign",
                    "the same with a token of another issuer",
                    Answer.DENIED,
                    hits.getOrDefault("foreign", Hit.MISSING),
                    true,
                    valid));
        }
        return checks;
    }

    private static Check check(String id, String what, Answer expected, Hit hit, boolean needsControl, Hit valid) {
        Answer seen = served(hit);
        String detail = "answered: " + hit.raw();
        if (needsControl && seen == Answer.DENIED && served(valid) != Answer.ALLOWED) {
            return new Check(
                    4,
                    "gateway/" + id,
                    what,
                    expected,
                    Answer.INCONCLUSIVE,
                    detail + "; but a request with a valid token was not served either: " + valid.raw());
        }
        return new Check(4, "gateway/" + id, what, expected, seen, detail);
    }

    /** A gateway that knows no such route says 404: nothing was served, and nothing was refused. */
    private static Answer served(Hit hit) {
        if (!hit.settled() || hit.raw().equals("404")) {
            return Answer.INCONCLUSIVE;
        }
        return hit.answer();
    }

    private static Optional<String> host(Posture posture, KubernetesClient client) {
        for (String namespace : posture.namespaces()) {
            List<GenericKubernetesResource> routes;
            try {
                routes = client.genericKubernetesResources(VIRTUAL_SERVICE)
                        .inNamespace(namespace)
                        .list()
                        .getItems();
            } catch (KubernetesClientException e) {
                return Optional.empty();
            }
            for (GenericKubernetesResource route : routes) {
                if (route.get("spec", "hosts") instanceof List<?> hosts) {
                    for (Object host : hosts) {
                        if (!host.toString().contains("*")) {
                            return Optional.of(host.toString());
                        }
                    }
                }
            }
        }
        return Optional.empty();
    }

    private static Optional<Target.Way> entrance(Gateway gateway, KubernetesClient client) {
        for (Service service :
                client.services().inNamespace(gateway.namespace()).list().getItems()) {
            Map<String, String> selector = service.getSpec().getSelector();
            String ip = service.getSpec().getClusterIP();
            if (selector != null
                    && !selector.isEmpty()
                    && ip != null
                    && !ip.equals("None")
                    && gateway.labels().entrySet().containsAll(selector.entrySet())) {
                Optional<Integer> port = service.getSpec().getPorts().stream()
                        .filter(each -> each.getPort() == 80
                                || String.valueOf(each.getName()).startsWith("http2")
                                || "http".equals(each.getName()))
                        .map(ServicePort::getPort)
                        .findFirst();
                if (port.isPresent()) {
                    return Optional.of(new Target.Way(service.getMetadata().getName(), ip, port.get()));
                }
            }
        }
        return Optional.empty();
    }
}
