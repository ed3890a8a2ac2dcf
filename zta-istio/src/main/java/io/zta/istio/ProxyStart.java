package io.zta.istio;

import io.zta.snapshot.Node;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Whether the containers that the injector puts in run as it starts them. The injector merges its own with a container of
 * the same name that the pod brings, and the pod's fields win: an argument, a variable, a mount or a hook of the user's own
 * has the proxy start with another configuration, or take its redirection down, under an image that is Istio's. What is not
 * known to be the injector's is odd; what is odd is not evaluated.
 */
final class ProxyStart {
    /**
     * What is not as the injector sets it.
     *
     * @param field the container's field
     * @param value as read
     */
    record Oddity(String field, String value) {}

    /** Settings of a proxy's configuration that leave capture, bootstrap and the control plane alone. */
    private static final Set<String> HARMLESS = Set.of(
            "holdApplicationUntilProxyStarts",
            "concurrency",
            "drainDuration",
            "parentShutdownDuration",
            "terminationDrainDuration",
            "tracing",
            "proxyStatsMatcher",
            "extraStatTags",
            "gatewayTopology",
            "proxyHeaders",
            "image",
            "serviceCluster",
            "meshId",
            "availabilityZone");

    /** Names of variables that leave capture, bootstrap and the control plane alone. */
    static final String VARIABLES = "ISTIO_META(JSON)?_[A-Z0-9_]+|PILOT_CERT_PROVIDER|POD_NAME"
            + "|POD_NAMESPACE|INSTANCE_IP|SERVICE_ACCOUNT|HOST_IP|NODE_NAME|ISTIO_CPU_LIMIT|GOMEMLIMIT|GOMAXPROCS"
            + "|TRUST_DOMAIN|ISTIO_KUBE_APP_PROBERS|ISTIO_PROMETHEUS_ANNOTATIONS|JWT_POLICY|SECRET_TTL"
            + "|EXIT_ON_ZERO_ACTIVE_CONNECTIONS|MINIMUM_DRAIN_DURATION|ISTIO_DELTA_XDS|ISTIO_DUAL_STACK|TZ"
            + "|HTTPS?_PROXY|NO_PROXY|https?_proxy|no_proxy|COMPLIANCE_POLICY|GODEBUG|OTEL_RESOURCE_ATTRIBUTES"
            + "|REWRITE_PROBE_LEGACY_LOCALHOST_DESTINATION";

    /** Where the injector mounts something into the proxy. */
    static final String MOUNTS =
            "(/var)?/run/secrets(/.*)?|/etc/istio/(proxy|pod)|/var/lib/istio/data|/etc/certs(/.*)?|/tmp";

    private static final Pattern VARIABLE = Pattern.compile(VARIABLES);

    private static final Pattern ARGUMENT = Pattern.compile(
            "--(domain|proxyLogLevel|proxyComponentLogLevel|log_output_level|concurrency|serviceCluster|trust-domain"
                    + "|outlierLogPath)(=.*)?|--log_as_json(=true)?");

    private static final Pattern MOUNT = Pattern.compile(MOUNTS);

    private static final Set<String> VALUED =
            Set.of("-p", "-z", "-u", "-g", "-m", "-i", "-x", "-b", "-d", "-q", "-o", "-c", "-k");
    private static final Set<String> PLAIN =
            Set.of("--run-validation", "--skip-rule-apply", "--force-apply", "--native-nftables", "--log_as_json");

    private ProxyStart() {}

    /** What is odd about a container {@code istio-proxy}; empty where it starts as the injector has it. */
    static Optional<Oddity> ofProxy(Node container, MeshSettings settings) {
        List<String> args = container.get("args").texts();
        boolean proxy = !args.isEmpty() && args.get(0).equals("proxy");
        List<String> rest =
                args.size() > 1 ? args.subList(args.get(1).equals("sidecar") ? 2 : 1, args.size()) : List.of();
        boolean known = true;
        for (int i = 0; i < rest.size(); i++) {
            known &= ARGUMENT.matcher(rest.get(i)).matches();
            boolean value = !rest.get(i).contains("=") && i + 1 < rest.size();
            i += value && !rest.get(i + 1).startsWith("-") ? 1 : 0;
        }
        if (!proxy || !known) {
            return Optional.of(new Oddity("args", args.toString()));
        }
        for (Node variable : container.get("env").items()) {
            if (!variable(variable, settings)) {
                return Optional.of(new Oddity("env", variable.toString()));
            }
        }
        for (Node mount : container.get("volumeMounts").items()) {
            String path = mount.get("mountPath").textOr("").replaceAll("/+$", "");
            if (!MOUNT.matcher(path).matches()) {
                return Optional.of(new Oddity("volumeMounts", mount.toString()));
            }
        }
        return hooks(container);
    }

    /** What the proxy's container runs beside the proxy, and variables that are read from elsewhere. */
    private static Optional<Oddity> hooks(Node container) {
        if (container.get("envFrom").size() > 0) {
            return Optional.of(new Oddity("envFrom", container.get("envFrom").toString()));
        }
        Map<String, Node> handlers = Map.of(
                "lifecycle.postStart", container.at("lifecycle", "postStart"),
                "lifecycle.preStop", container.at("lifecycle", "preStop"),
                "startupProbe", container.get("startupProbe"),
                "readinessProbe", container.get("readinessProbe"),
                "livenessProbe", container.get("livenessProbe"));
        return handlers.entrySet().stream()
                .filter(handler -> handler.getValue().get("exec").isPresent()
                        && !handler.getValue()
                                .at("exec", "command")
                                .item(0)
                                .textOr("")
                                .equals("pilot-agent"))
                .map(handler -> new Oddity(handler.getKey(), handler.getValue().toString()))
                .findFirst();
    }

    private static boolean variable(Node variable, MeshSettings settings) {
        String name = variable.get("name").textOr("");
        Node value = variable.get("value");
        return switch (name) {
            case "CA_ADDR" -> settings.isControlPlane(value.textOr(""));
            case "PROXY_CONFIG" ->
                Text.tree(value.textOr("?"))
                        .filter(config -> odd(config, settings).isEmpty())
                        .isPresent();
            case "ISTIO_META_INTERCEPTION_MODE" -> Set.of("REDIRECT", "TPROXY").contains(value.textOr("?"));
            default -> variable(name);
        };
    }

    /** Whether a variable of this name leaves capture, bootstrap and the control plane alone. */
    private static boolean variable(String name) {
        return VARIABLE.matcher(name).matches();
    }

    /** The first setting of a proxy's configuration that is not known to be harmless. */
    static Optional<String> odd(Node config, MeshSettings settings) {
        return config.fields().entrySet().stream()
                .filter(field -> !HARMLESS.contains(field.getKey())
                        && !switch (field.getKey()) {
                            case "discoveryAddress" ->
                                settings.isControlPlane(field.getValue().textOr(""));
                            case "interceptionMode" ->
                                Set.of("REDIRECT", "TPROXY")
                                        .contains(field.getValue().textOr("?"));
                            case "proxyMetadata" -> variables(field.getValue()).isEmpty();
                            case "statusPort" -> field.getValue().integer().orElse(0) == 15020;
                            default -> false;
                        })
                .map(Map.Entry::getKey)
                .sorted()
                .findFirst();
    }

    /** The first of these variables, by name, that is not known to be harmless. */
    static Optional<String> variables(Node byName) {
        return byName.fields().keySet().stream()
                .filter(name -> !variable(name) || name.equals("ISTIO_META_INTERCEPTION_MODE"))
                .sorted()
                .findFirst();
    }

    /** What is odd about an init container that sets the redirection up or looks whether it is there. */
    static Optional<Oddity> ofStarter(Node container) {
        if (container.get("command").size() > 0) {
            return Optional.of(new Oddity("command", container.get("command").toString()));
        }
        for (Node variable : container.get("env").items()) {
            if (!variable(variable.get("name").textOr(""))) {
                return Optional.of(new Oddity("env", variable.toString()));
            }
        }
        if (container.get("envFrom").size() > 0) {
            return Optional.of(new Oddity("envFrom", container.get("envFrom").toString()));
        }
        List<String> args = container.get("args").texts();
        return arguments(args) ? Optional.empty() : Optional.of(new Oddity("args", args.toString()));
    }

    /** Whether arguments of istio-init are read here in full, each at most once: of two the last would count. */
    private static boolean arguments(List<String> args) {
        if (args.isEmpty() || !args.get(0).equals("istio-iptables")) {
            return false;
        }
        List<String> seen = new ArrayList<>();
        for (int i = 1; i < args.size(); i++) {
            String flag = args.get(i);
            if (VALUED.contains(flag)) {
                i++;
            } else if (!PLAIN.contains(flag) && !flag.startsWith("--log_output_level=")) {
                return false;
            }
            seen.add(flag);
        }
        return seen.size() == new HashSet<>(seen).size();
    }
}
