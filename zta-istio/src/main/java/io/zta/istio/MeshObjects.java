package io.zta.istio;

import io.fabric8.istio.api.api.security.v1beta1.AuthorizationPolicyAction;
import io.fabric8.istio.api.api.security.v1beta1.AuthorizationPolicyExtensionProvider;
import io.fabric8.istio.api.api.security.v1beta1.AuthorizationPolicyProvider;
import io.fabric8.istio.api.api.security.v1beta1.JWTRule;
import io.fabric8.istio.api.api.security.v1beta1.Operation;
import io.fabric8.istio.api.api.security.v1beta1.PeerAuthenticationMutualTLS;
import io.fabric8.istio.api.api.security.v1beta1.PeerAuthenticationMutualTLSMode;
import io.fabric8.istio.api.api.security.v1beta1.Rule;
import io.fabric8.istio.api.api.security.v1beta1.RuleFrom;
import io.fabric8.istio.api.api.security.v1beta1.RuleTo;
import io.fabric8.istio.api.api.security.v1beta1.Source;
import io.fabric8.istio.api.api.type.v1beta1.WorkloadSelector;
import io.fabric8.istio.api.security.v1.AuthorizationPolicy;
import io.fabric8.istio.api.security.v1.PeerAuthentication;
import io.fabric8.istio.api.security.v1.RequestAuthentication;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.zta.Posture;
import io.zta.compile.Compiled;
import io.zta.intent.Gateway;
import io.zta.intent.Intent;
import io.zta.intent.Phase;
import io.zta.intent.Port;
import io.zta.intent.PostureException;
import io.zta.intent.TokenIssuer;
import io.zta.intent.Workload;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Compiles a posture to objects of security.istio.io, and to the rule that keeps sidecars whole. */
final class MeshObjects {
    static final String STRICT = "zta-strict-mtls";
    static final String NOTHING = "zta-allow-nothing";
    static final String GATEWAY = "zta-allow-gateway";
    static final String GUARD_IDENTITY = "zta-guard-identity";
    static final String GUARD_TOKEN = "zta-guard-token";
    private static final int MOST_PORTS = 200;

    private final Posture posture;
    private final String namespace;
    private final List<Compiled> compiled = new ArrayList<>();

    private MeshObjects(Posture posture, String namespace) {
        this.posture = posture;
        this.namespace = namespace;
    }

    static List<Compiled> of(Posture posture) {
        boolean asked = posture.asks(Intent.StrictMtls.class)
                || posture.asks(Intent.PermissiveMtls.class)
                || posture.asks(Intent.RequireToken.class)
                || posture.asks(Intent.ExternalAuthorizer.class);
        if (!asked) {
            return List.of();
        }
        refuseOwnGateway(posture);
        List<Compiled> all = new ArrayList<>();
        posture.namespaces().forEach(namespace -> all.addAll(new MeshObjects(posture, namespace).compile()));
        if (posture.asks(Intent.StrictMtls.class)) {
            all.addAll(SidecarRule.of(posture));
        }
        return all;
    }

    /** What is denied by default would be denied to the gateway's own clients as well. */
    private static void refuseOwnGateway(Posture posture) {
        Optional<Gateway> gateway = posture.gateway();
        boolean inside = gateway.isPresent()
                && posture.namespaces().contains(gateway.get().namespace());
        Map<String, String> chosen = posture.workloads().labels();
        boolean apart = gateway.isPresent()
                && !chosen.isEmpty()
                && !gateway.get().labels().entrySet().containsAll(chosen.entrySet());
        if (inside && !apart) {
            throw new PostureException("The gateway " + gateway.get() + " stands in a protected namespace, where the"
                    + " posture would close it to its own clients. Move it to a namespace of its own, or name the"
                    + " workloads to protect with onlyWorkloads(..), by a label that the gateway does not wear.");
        }
    }

    private List<Compiled> compile() {
        if (posture.asks(Intent.PermissiveMtls.class)) {
            add(
                    peerAuthentication(
                            "zta-permissive-mtls", PeerAuthenticationMutualTLSMode.PERMISSIVE, "permissiveMtls()"),
                    false);
        }
        Optional<TokenIssuer> issuer = posture.intent(Intent.RequireToken.class).map(Intent.RequireToken::issuer);
        issuer.ifPresent(token -> add(requestAuthentication(token), false));
        if (posture.asks(Intent.StrictMtls.class)) {
            add(peerAuthentication(STRICT, PeerAuthenticationMutualTLSMode.STRICT, "strictMtls()"), true);
            identities();
        }
        if (issuer.isPresent()) {
            Source source = new Source();
            source.setNotRequestPrincipals(List.of(issuer.get().issuer() + "/*"));
            add(
                    authorization(
                            GUARD_TOKEN,
                            AuthorizationPolicyAction.DENY,
                            List.of(rule(source, posture.ports())),
                            List.of(Intent.RequireToken.class)),
                    true);
        }
        posture.intent(Intent.ExternalAuthorizer.class).ifPresent(intent -> add(authorizer(intent.provider()), true));
        return compiled;
    }

    private void identities() {
        List<Class<? extends Intent>> strict = List.of(Intent.StrictMtls.class);
        add(authorization(NOTHING, null, List.of(), strict), true);
        if (posture.gateway().isPresent()
                && !(numbers(posture.ports()).isEmpty() && !posture.ports().isEmpty())) {
            Gateway gateway = posture.gateway().get();
            List<String> principals = List.of(principal(gateway.namespace(), gateway.serviceAccount()));
            add(
                    authorization(
                            GATEWAY,
                            null,
                            List.of(rule(allowed(principals), posture.ports())),
                            List.of(Intent.StrictMtls.class, Intent.Through.class, Intent.RequireToken.class)),
                    false);
        }
        Set<String> names = new LinkedHashSet<>();
        for (Intent.Allow allow : posture.intents(Intent.Allow.class)) {
            if (!allow.ports().isEmpty() && numbers(allow.ports()).isEmpty()) {
                continue; // UDP alone: the mesh does not carry it
            }
            String name = "zta-allow-" + slug(allow.from());
            int number = 2;
            String unique = name;
            while (!names.add(unique)) {
                unique = name + "-" + number++;
            }
            Map<String, String> labels = allow.to().labels().isEmpty()
                    ? posture.workloads().labels()
                    : allow.to().labels();
            AuthorizationPolicy policy = authorization(
                    unique,
                    null,
                    List.of(rule(allowed(List.of(principal(allow.from()))), allow.ports())),
                    List.of(Intent.StrictMtls.class, Intent.RequireToken.class));
            policy.getSpec().setSelector(selector(labels));
            policy.getMetadata()
                    .getAnnotations()
                    .put(
                            "zta.io/asked-by",
                            policy.getMetadata().getAnnotations().get("zta.io/asked-by") + ", " + allow.call());
            add(policy, false);
        }
        Rule guard = new Rule();
        List<String> all = allowedPrincipals(posture, namespace);
        if (!all.isEmpty()) {
            Source source = new Source();
            source.setNotPrincipals(all);
            guard = rule(source, List.of());
        }
        add(authorization(GUARD_IDENTITY, AuthorizationPolicyAction.DENY, List.of(guard), strict), true);
    }

    /** Every identity that the posture lets in somewhere, as patterns of Istio, sorted. */
    static List<String> allowedPrincipals(Posture posture, String namespace) {
        Set<String> all = new TreeSet<>();
        posture.gateway().ifPresent(gateway -> all.add(principal(gateway.namespace(), gateway.serviceAccount())));
        posture.intents(Intent.Allow.class).forEach(allow -> all.add(principal(allow.from(), namespace)));
        return List.copyOf(all);
    }

    private static String principal(String namespace, String account) {
        return "cluster.local/ns/" + namespace + "/sa/" + account;
    }

    private String principal(Workload from) {
        return principal(from, namespace);
    }

    /** The identity of a workload, or any of its namespace where no service account is named. */
    static String principal(Workload from, String own) {
        return from.serviceAccount()
                .map(account -> principal(from.namespaceOr(own), account))
                .orElse("cluster.local/ns/" + from.namespaceOr(own) + "/*");
    }

    private Source allowed(List<String> principals) {
        Source source = new Source();
        source.setPrincipals(principals);
        posture.intent(Intent.RequireToken.class)
                .ifPresent(token ->
                        source.setRequestPrincipals(List.of(token.issuer().issuer() + "/*")));
        return source;
    }

    private static Rule rule(Source source, List<Port> ports) {
        Rule rule = new Rule();
        RuleFrom from = new RuleFrom();
        from.setSource(source);
        rule.setFrom(List.of(from));
        if (!ports.isEmpty()) {
            rule.setTo(List.of(to(ports)));
        }
        return rule;
    }

    private static RuleTo to(List<Port> ports) {
        Operation operation = new Operation();
        operation.setPorts(numbers(ports));
        RuleTo to = new RuleTo();
        to.setOperation(operation);
        return to;
    }

    /** TCP ports one by one: Istio knows no ranges. */
    static List<String> numbers(List<Port> ports) {
        List<String> numbers = ports.stream()
                .filter(port -> port.protocol() == Port.Protocol.TCP)
                .flatMap(port -> IntStream.rangeClosed(port.first(), port.last())
                        .limit(MOST_PORTS + 1L)
                        .boxed())
                .map(String::valueOf)
                .distinct()
                .toList();
        if (numbers.size() > MOST_PORTS) {
            throw new PostureException("The mesh names ports one by one, and " + ports + " are more than " + MOST_PORTS
                    + ". Name fewer, or leave the ports out to mean every port.");
        }
        return numbers;
    }

    private PeerAuthentication peerAuthentication(String name, PeerAuthenticationMutualTLSMode mode, String call) {
        var spec = new io.fabric8.istio.api.api.security.v1beta1.PeerAuthentication();
        spec.setMtls(new PeerAuthenticationMutualTLS(mode));
        spec.setSelector(selector(posture.workloads().labels()));
        PeerAuthentication object = new PeerAuthentication();
        object.setMetadata(metadata(posture, namespace, name, call));
        object.setSpec(spec);
        return object;
    }

    private RequestAuthentication requestAuthentication(TokenIssuer issuer) {
        JWTRule rule = new JWTRule();
        rule.setIssuer(issuer.issuer());
        issuer.jwksUri().ifPresent(rule::setJwksUri);
        issuer.jwks().ifPresent(rule::setJwks);
        if (!issuer.audiences().isEmpty()) {
            rule.setAudiences(issuer.audiences());
        }
        rule.setForwardOriginalToken(true);
        var spec = new io.fabric8.istio.api.api.security.v1beta1.RequestAuthentication();
        spec.setJwtRules(List.of(rule));
        spec.setSelector(selector(posture.workloads().labels()));
        RequestAuthentication object = new RequestAuthentication();
        object.setMetadata(metadata(posture, namespace, "zta-token", asked(List.of(Intent.RequireToken.class))));
        object.setSpec(spec);
        return object;
    }

    private AuthorizationPolicy authorizer(String provider) {
        Rule rule = new Rule();
        if (!posture.ports().isEmpty()) {
            rule.setTo(List.of(to(posture.ports())));
        }
        AuthorizationPolicy policy = authorization(
                "zta-authorizer",
                AuthorizationPolicyAction.CUSTOM,
                List.of(rule),
                List.of(Intent.ExternalAuthorizer.class));
        policy.getSpec()
                .setActionDetail(new AuthorizationPolicyProvider(new AuthorizationPolicyExtensionProvider(provider)));
        return policy;
    }

    private AuthorizationPolicy authorization(
            String name,
            @org.jspecify.annotations.Nullable AuthorizationPolicyAction action,
            List<Rule> rules,
            List<Class<? extends Intent>> because) {
        var spec = new io.fabric8.istio.api.api.security.v1beta1.AuthorizationPolicy();
        if (action != null) {
            spec.setAction(action);
        }
        spec.setRules(rules);
        spec.setSelector(selector(posture.workloads().labels()));
        AuthorizationPolicy object = new AuthorizationPolicy();
        object.setMetadata(metadata(posture, namespace, name, asked(because)));
        object.setSpec(spec);
        return object;
    }

    private static @org.jspecify.annotations.Nullable WorkloadSelector selector(Map<String, String> labels) {
        return labels.isEmpty() ? null : new WorkloadSelector(labels);
    }

    private String asked(List<Class<? extends Intent>> because) {
        return posture.intents().stream()
                .filter(intent -> because.stream().anyMatch(type -> type.isInstance(intent)))
                .map(Intent::call)
                .collect(Collectors.joining(", "));
    }

    static ObjectMeta metadata(Posture posture, String namespace, String name, String call) {
        ObjectMetaBuilder metadata = new ObjectMetaBuilder()
                .withName(name)
                .addToLabels("app.kubernetes.io/managed-by", "zta")
                .addToAnnotations("zta.io/asked-by", call)
                .addToAnnotations("zta.io/posture", posture.namespaces().get(0) + "/" + posture.name());
        return namespace.isEmpty()
                ? metadata.build()
                : metadata.withNamespace(namespace).build();
    }

    private static String slug(Workload from) {
        List<String> words = new ArrayList<>(from.labels().values());
        from.serviceAccount().ifPresent(words::add);
        from.namespace().ifPresent(words::add);
        String joined = String.join("-", words).toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-");
        String name = joined.isEmpty() ? "own-namespace" : joined;
        return name.substring(0, Math.min(40, name.length())).replaceAll("^-+|-+$", "");
    }

    private void add(io.fabric8.kubernetes.api.model.HasMetadata object, boolean restricts) {
        compiled.add(new Compiled(object, Phase.MESH, restricts));
    }
}
