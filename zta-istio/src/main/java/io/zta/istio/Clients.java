package io.zta.istio;

import io.zta.Posture;
import io.zta.intent.Gateway;
import io.zta.intent.Intent;
import io.zta.snapshot.Node;
import io.zta.snapshot.Pod;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * The clients that the policies on a pod could tell apart: plaintext, identities that exist, identities made up to fit each
 * pattern and none of them; each without a token and with tokens of every issuer that the pod knows. Of identities that
 * every pattern treats alike one is kept, an existing one where there is one.
 */
final class Clients {
    private final Mesh mesh;
    private final Posture posture;
    private final Set<String> known = new LinkedHashSet<>();

    Clients(Mesh mesh, Posture posture) {
        this.mesh = mesh;
        this.posture = posture;
        posture.gateway()
                .map(gateway -> mesh.identity(gateway.namespace(), gateway.serviceAccount()))
                .ifPresent(known::add);
        known.addAll(mesh.identities());
        Set<String> namespaces = new LinkedHashSet<>(posture.namespaces());
        posture.gateway().map(Gateway::namespace).ifPresent(namespaces::add);
        posture.intents(Intent.Allow.class)
                .forEach(allow -> allow.from().namespace().ifPresent(namespaces::add));
        namespaces.addAll(List.of(mesh.rootNamespace(), "default", "elsewhere"));
        for (String namespace : namespaces) {
            known.add(mesh.identity(namespace, "default"));
            known.add(mesh.identity(namespace, "some-other-account"));
        }
    }

    /** The clients to try on a pod. */
    List<Client> of(Pod pod) {
        List<Client> clients = new ArrayList<>();
        List<Client.Token> tokens = tokens(pod);
        List<Client> bare = new ArrayList<>();
        bare.add(Client.plaintext());
        identities(pod).forEach(identity -> bare.add(Client.identity(identity)));
        for (Client client : bare) {
            clients.add(client);
            tokens.forEach(token -> clients.add(client.withToken(token)));
        }
        return clients;
    }

    private List<Client.Token> tokens(Pod pod) {
        Set<Client.Token> tokens = new LinkedHashSet<>();
        required(posture).ifPresent(tokens::add);
        for (Tokens.TokenRule rule : mesh.tokens().rules(pod)) {
            tokens.add(Client.Token.of(
                    rule.issuer().isEmpty() ? "any-issuer" : rule.issuer(),
                    rule.rule().get("audiences").texts().toArray(String[]::new)));
        }
        values(pod, "requestPrincipals", "request.auth.principal").forEach(value -> {
            String concrete = value.replace("*", "any");
            int slash = concrete.lastIndexOf('/');
            if (slash > 0) {
                String issuer = concrete.substring(0, slash);
                List<String> audiences = mesh.tokens().rules(pod).stream()
                        .filter(rule -> rule.issuer().equals(issuer))
                        .flatMap(rule -> rule.rule().get("audiences").texts().stream())
                        .toList();
                tokens.add(new Client.Token(issuer, concrete.substring(slash + 1), audiences, Map.of()));
            }
        });
        return List.copyOf(tokens);
    }

    /** A token that the posture requires. */
    static Optional<Client.Token> required(Posture posture) {
        return posture.intent(Intent.RequireToken.class)
                .map(Intent.RequireToken::issuer)
                .map(issuer ->
                        Client.Token.of(issuer.issuer(), issuer.audiences().toArray(String[]::new)));
    }

    private Set<String> identities(Pod pod) {
        Set<String> candidates = new LinkedHashSet<>(known);
        String domain = mesh.settings().trustDomains().get(0);
        List<Predicate<String>> patterns = new ArrayList<>();
        for (String value : values(pod, "principals", "source.principal")) {
            Set<String> forms = Patterns.principals(value, mesh.settings().trustDomains());
            patterns.add(identity -> matches(forms, identity));
            forms.forEach(pattern -> candidates.add(concrete(pattern)));
        }
        for (String value : values(pod, "namespaces", "source.namespace")) {
            patterns.add(identity -> Patterns.matchesNamespace(value, identity));
            candidates.add(domain + "/ns/" + value.replace("*", "any") + "/sa/some-other-account");
        }
        for (String value : values(pod, "serviceAccounts", "source.serviceAccount")) {
            patterns.add(identity -> Patterns.matchesServiceAccount(value, pod.namespace(), identity));
            String namespace = value.contains("/") ? value.split("/", 2)[0] : pod.namespace();
            candidates.add(domain + "/ns/" + namespace + "/sa/" + value.substring(value.indexOf('/') + 1));
        }
        for (String value : values(pod, "trustDomains", "source.trustDomain")) {
            patterns.add(identity ->
                    Patterns.matchesTrustDomain(value, mesh.settings().trustDomains(), identity));
            candidates.add(value.replace("*", "any") + "/ns/elsewhere/sa/some-other-account");
        }
        for (String value : expected(posture, pod.namespace())) {
            Set<String> forms = Patterns.principals(value, mesh.settings().trustDomains());
            patterns.add(identity -> matches(forms, identity));
        }
        Map<BitSet, String> kept = new LinkedHashMap<>();
        for (String identity : candidates) {
            BitSet signature = new BitSet();
            for (int i = 0; i < patterns.size(); i++) {
                signature.set(i, patterns.get(i).test(identity));
            }
            kept.putIfAbsent(signature, identity);
        }
        return new LinkedHashSet<>(kept.values());
    }

    private static Set<String> expected(Posture posture, String namespace) {
        return new LinkedHashSet<>(MeshObjects.allowedPrincipals(posture, namespace));
    }

    boolean matches(String pattern, String identity) {
        return matches(Patterns.principals(pattern, mesh.settings().trustDomains()), identity);
    }

    private static boolean matches(Set<String> forms, String identity) {
        for (String form : forms) {
            if (Patterns.matches(form, identity)) {
                return true;
            }
        }
        return false;
    }

    private static String concrete(String pattern) {
        if (pattern.startsWith("*")) {
            return "cluster.local/ns/elsewhere/sa/any" + pattern.substring(1);
        }
        return pattern.endsWith("*") ? pattern.substring(0, pattern.length() - 1) + "any" : pattern;
    }

    /** Values of a source's field, its negation and the condition of the same meaning, in every policy on a pod. */
    private Set<String> values(Pod pod, String field, String condition) {
        String negated = "not" + Character.toUpperCase(field.charAt(0)) + field.substring(1);
        Set<String> values = new LinkedHashSet<>();
        for (Authorization.Acting acting : mesh.authorization().acting(pod)) {
            for (Node rule : acting.policy().spec().get("rules").items()) {
                for (Node from : rule.get("from").items()) {
                    values.addAll(from.at("source", field).texts());
                    values.addAll(from.at("source", negated).texts());
                }
                for (Node when : rule.get("when").items()) {
                    if (when.get("key").textOr("").equals(condition)) {
                        values.addAll(when.get("values").texts());
                        values.addAll(when.get("notValues").texts());
                    }
                }
            }
        }
        return values;
    }
}
