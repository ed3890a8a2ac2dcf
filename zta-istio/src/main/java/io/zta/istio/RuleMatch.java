package io.zta.istio;

import io.zta.snapshot.Node;
import io.zta.snapshot.Pod;
import io.zta.snapshot.Resource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * Whether one rule of an AuthorizationPolicy matches a client on a port.
 *
 * <p>Fields of a source or operation AND; entries of {@code from} and {@code to} OR; {@code when} is added to each. On a
 * TCP chain a rule with a field of HTTP is left out of an ALLOW as a whole, and loses that field in every other action
 * (Istio: {@code checkError}).
 */
final class RuleMatch {
    private static final Set<String> HTTP_SOURCE = Set.of("requestPrincipals", "notRequestPrincipals");
    private static final Set<String> SOURCE = Set.of(
            "principals",
            "notPrincipals",
            "requestPrincipals",
            "notRequestPrincipals",
            "namespaces",
            "notNamespaces",
            "serviceAccounts",
            "notServiceAccounts",
            "ipBlocks",
            "notIpBlocks",
            "remoteIpBlocks",
            "notRemoteIpBlocks",
            "trustDomains",
            "notTrustDomains");
    private static final Set<String> HTTP_OPERATION =
            Set.of("hosts", "notHosts", "methods", "notMethods", "paths", "notPaths");

    /** What a rule is matched against. */
    record Subject(
            Pod pod,
            int port,
            Client client,
            Optional<Client.Token> authenticated,
            boolean tcp,
            List<String> domains) {}

    private final Resource policy;
    private final boolean allow;
    private final Subject subject;

    RuleMatch(Resource policy, boolean allow, Subject subject) {
        this.policy = policy;
        this.allow = allow;
        this.subject = subject;
    }

    Truth matches(Node rule) {
        if (!rule.isObject()
                || !Set.of("from", "to", "when").containsAll(rule.fields().keySet())) {
            return Truth.UNKNOWN;
        }
        if (subject.tcp() && allow && usesHttp(rule)) {
            return Truth.NO;
        }
        return any(rule.get("from"), "source", this::source)
                .and(any(rule.get("to"), "operation", this::operation))
                .and(conditions(rule.get("when")));
    }

    private static Truth any(Node entries, String field, Function<Node, Truth> match) {
        if (entries.size() == 0) {
            return Truth.YES;
        }
        Truth found = Truth.NO;
        for (Node entry : entries.items()) {
            Node inner = entry.get(field);
            boolean known = entry.isObject()
                    && entry.fields().keySet().stream().allMatch(field::equals)
                    && (inner.isAbsent() || inner.isObject());
            found = found.or(known ? match.apply(inner) : Truth.UNKNOWN);
        }
        return found;
    }

    /** Whether a rule needs HTTP anywhere: one such entry costs an ALLOW the whole rule on a TCP chain. */
    private static boolean usesHttp(Node rule) {
        boolean source = rule.get("from").items().stream().anyMatch(entry -> present(entry.get("source"), HTTP_SOURCE));
        boolean operation =
                rule.get("to").items().stream().anyMatch(entry -> present(entry.get("operation"), HTTP_OPERATION));
        boolean condition = rule.get("when").items().stream()
                .anyMatch(entry -> entry.get("key").textOr("").startsWith("request."));
        return source || operation || condition;
    }

    private static boolean present(Node node, Set<String> fields) {
        return fields.stream().anyMatch(field -> node.get(field).size() > 0);
    }

    private Truth source(Node source) {
        Truth truth = Truth.YES;
        for (Map.Entry<String, Node> field : source.fields().entrySet()) {
            String name = field.getKey();
            Node values = field.getValue();
            if (!SOURCE.contains(name) || !values.isTextArray()) {
                return Truth.UNKNOWN;
            }
            if (values.size() == 0 || subject.tcp() && HTTP_SOURCE.contains(name)) {
                continue;
            }
            boolean negated = name.startsWith("not");
            String attribute = negated ? Character.toLowerCase(name.charAt(3)) + name.substring(4) : name;
            Truth match = switch (attribute) {
                case "principals" -> principals(values);
                case "requestPrincipals" -> requestPrincipals(values);
                case "namespaces" -> identity(values, Patterns::matchesNamespace);
                case "serviceAccounts" ->
                    identity(values, (value, id) -> Patterns.matchesServiceAccount(value, policy.namespace(), id));
                case "trustDomains" ->
                    identity(values, (value, id) -> Patterns.matchesTrustDomain(value, subject.domains(), id));
                case "ipBlocks" -> addresses(values, false);
                case "remoteIpBlocks" -> addresses(values, true);
                default -> Truth.UNKNOWN;
            };
            truth = truth.and(negated ? match.not() : match);
        }
        return truth;
    }

    private Truth principals(Node values) {
        return identity(
                values,
                (value, id) -> Patterns.principals(value, subject.domains()).stream()
                        .anyMatch(pattern -> Patterns.matches(pattern, id)));
    }

    private Truth identity(Node values, java.util.function.BiPredicate<String, String> match) {
        return Truth.of(subject.client()
                .principal()
                .filter(id -> values.texts().stream().anyMatch(value -> match.test(value, id)))
                .isPresent());
    }

    private Truth requestPrincipals(Node values) {
        return Truth.of(subject.authenticated()
                .filter(token -> values.texts().stream()
                        .anyMatch(value -> Patterns.matchesRequestPrincipal(value, token.issuer(), token.subject())))
                .isPresent());
    }

    /** The original address is what a header says, so the client chooses it, except on a TCP chain. */
    private Truth addresses(Node values, boolean remote) {
        if (subject.client().address().isEmpty() || remote && !subject.tcp()) {
            return Truth.SOME;
        }
        String address = subject.client().address().get();
        Truth truth = Truth.NO;
        for (String value : values.texts()) {
            truth = truth.or(Addresses.contains(value, address).map(Truth::of).orElse(Truth.UNKNOWN));
        }
        return truth;
    }

    private Truth operation(Node operation) {
        Truth truth = Truth.YES;
        for (Map.Entry<String, Node> field : operation.fields().entrySet()) {
            String name = field.getKey();
            Node values = field.getValue();
            if (!values.isTextArray()) {
                return Truth.UNKNOWN;
            }
            if (values.size() == 0 || subject.tcp() && HTTP_OPERATION.contains(name)) {
                continue;
            }
            boolean negated = name.startsWith("not");
            String attribute = negated ? Character.toLowerCase(name.charAt(3)) + name.substring(4) : name;
            Truth match = switch (attribute) {
                case "ports" -> ports(values);
                case "hosts" -> request(values, Client.Request::host, Patterns::matchesHost);
                case "methods" -> request(values, Client.Request::method, Patterns::matches);
                case "paths" -> request(values, Client.Request::path, Patterns::matchesPath);
                default -> Truth.UNKNOWN;
            };
            truth = truth.and(negated ? match.not() : match);
        }
        return truth;
    }

    private Truth ports(Node values) {
        return Truth.of(values.texts().contains(Integer.toString(subject.port())));
    }

    private Truth request(
            Node values,
            Function<Client.Request, String> attribute,
            java.util.function.BiPredicate<String, String> match) {
        if (values.texts().contains("*")) {
            return Truth.YES;
        }
        return subject.client()
                .request()
                .map(request -> Truth.of(
                        values.texts().stream().anyMatch(value -> match.test(value, attribute.apply(request)))))
                .orElse(Truth.SOME);
    }

    private Truth conditions(Node when) {
        Truth truth = Truth.YES;
        for (Node condition : when.items()) {
            Node values = condition.get("values");
            Node notValues = condition.get("notValues");
            if (!values.isTextArray() || !notValues.isTextArray()) {
                return Truth.UNKNOWN;
            }
            String key = condition.get("key").textOr("");
            if (subject.tcp() && key.startsWith("request.")) {
                continue;
            }
            if (values.size() > 0) {
                truth = truth.and(condition(key, values));
            }
            if (notValues.size() > 0) {
                truth = truth.and(condition(key, notValues).not());
            }
        }
        return truth;
    }

    private Truth condition(String key, Node values) {
        return switch (key) {
            case "source.ip" -> addresses(values, false);
            case "remote.ip" -> addresses(values, true);
            case "source.namespace" -> identity(values, Patterns::matchesNamespace);
            case "source.serviceAccount" ->
                identity(values, (value, id) -> Patterns.matchesServiceAccount(value, policy.namespace(), id));
            case "source.trustDomain" ->
                identity(values, (value, id) -> Patterns.matchesTrustDomain(value, subject.domains(), id));
            case "source.principal" -> principals(values);
            case "request.auth.principal" -> requestPrincipals(values);
            case "request.auth.audiences" ->
                claim(
                        values,
                        subject.authenticated().map(Client.Token::audiences).orElse(List.of()));
            case "destination.port" -> ports(values);
            case "destination.ip" -> destination(values);
            case "connection.sni" ->
                Truth.of(subject.client().principal().isPresent()).and(Truth.SOME);
            default -> bracketed(key, values);
        };
    }

    private Truth bracketed(String key, Node values) {
        if (key.startsWith("request.headers[") && key.endsWith("]")) {
            String name =
                    key.substring("request.headers[".length(), key.length() - 1).toLowerCase(java.util.Locale.ROOT);
            return subject.client()
                    .request()
                    .map(request ->
                            Truth.of(Optional.ofNullable(request.headers().get(name))
                                    .filter(text -> values.texts().stream()
                                            .anyMatch(value -> value.equals("*") || Patterns.matches(value, text)))
                                    .isPresent()))
                    .orElse(Truth.SOME);
        }
        if (key.startsWith("request.auth.claims[") && key.endsWith("]")) {
            String name = key.substring("request.auth.claims[".length(), key.length() - 1);
            Optional<Client.Token> token = subject.authenticated();
            if (token.isEmpty()) {
                return Truth.NO;
            }
            if (name.contains("][")) {
                return Truth.UNKNOWN;
            }
            return switch (name) {
                case "iss" -> claim(values, List.of(token.get().issuer()));
                case "sub" -> claim(values, List.of(token.get().subject()));
                case "aud" -> claim(values, token.get().audiences());
                default -> claim(values, token.get().claims().getOrDefault(name, List.of()));
            };
        }
        if (key.equals("request.auth.presenter")) {
            return claim(
                    values,
                    subject.authenticated()
                            .map(token -> token.claims().getOrDefault("azp", List.of()))
                            .orElse(List.of()));
        }
        return Truth.UNKNOWN;
    }

    private static Truth claim(Node values, List<String> actual) {
        return Truth.of(values.texts().stream()
                .anyMatch(value -> actual.stream().anyMatch(text -> Patterns.matches(value, text))));
    }

    private Truth destination(Node values) {
        if (subject.pod().ips().isEmpty()) {
            return Truth.UNKNOWN;
        }
        Truth truth = Truth.NO;
        for (String value : values.texts()) {
            for (String ip : subject.pod().ips()) {
                truth = truth.or(Addresses.contains(value, ip).map(Truth::of).orElse(Truth.UNKNOWN));
            }
        }
        return truth;
    }
}
