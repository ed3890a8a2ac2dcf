package io.zta.istio;

import io.zta.finding.Evidence;
import io.zta.snapshot.Node;
import io.zta.snapshot.Pod;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Whether a pod has a whole sidecar, and whether a port's traffic goes through it. Running pods are judged by what they
 * are: containers, image, the arguments of istio-init; templates by what the injector would make of them.
 */
final class Captures {
    private static final Set<Integer> NEVER_CAPTURED = Set.of(15008, 15020, 15021, 15090);
    /** Annotations that have the injector put another proxy in, or the same with another configuration. */
    private static final Set<String> REPLACING = Set.of(
            "proxy.istio.io/overrides",
            "sidecar.istio.io/bootstrapOverride",
            "sidecar.istio.io/discoveryAddress",
            "sidecar.istio.io/userVolume",
            "sidecar.istio.io/userVolumeMount");

    private static final Pattern PORT = Pattern.compile("0|[1-9][0-9]*");

    private final Snapshot snapshot;
    private final MeshSettings settings;
    private final Injector injector;

    Captures(Snapshot snapshot, MeshSettings settings) {
        this.snapshot = snapshot;
        this.settings = settings;
        this.injector = new Injector(snapshot);
    }

    Injector injector() {
        return injector;
    }

    /** Whether a pod has a sidecar that is Istio's own, whatever ports it captures. */
    Capture sidecar(Pod pod) {
        if (pod.hostNetwork()) {
            return Capture.open(
                    "MESH-nosidecar",
                    "the pod is on the node's network, where there is no sidecar",
                    Evidence.of(pod.resource(), "spec.hostNetwork", pod.spec().get("hostNetwork")));
        }
        Optional<Node> proxy = container(pod.runningContainers(), "istio-proxy");
        if (pod.fromTemplate() && pod.annotations().get("sidecar.istio.io/status") == null) {
            Capture injected = injector.injected(pod);
            if (!injected.is(Capture.State.CAPTURED)) {
                return injected.is(Capture.State.OPEN) ? ambient(pod).orElse(injected) : injected;
            }
            if (proxy.isPresent()
                    || container(pod.allContainers(), "istio-init").isPresent()) {
                return Capture.unknown(
                        "MESH-image",
                        "the template brings a container of the injector's name, whose settings win over the injector's",
                        Evidence.of(pod.resource(), "spec.containers", "istio-proxy or istio-init"));
            }
            return templateImage(pod).orElse(injected);
        }
        if (proxy.isEmpty()) {
            return withoutProxy(pod);
        }
        return judge(pod, proxy.get());
    }

    private Capture withoutProxy(Pod pod) {
        return ambient(pod)
                .orElseGet(() -> Capture.open(
                        "MESH-nosidecar",
                        "the pod runs without a sidecar",
                        Evidence.of(pod.resource(), "spec.containers", "no container istio-proxy")));
    }

    /** What ambient mode makes of a pod without a sidecar; empty where the pod is not in it. */
    private Optional<Capture> ambient(Pod pod) {
        String mode = pod.labels()
                .getOrDefault(
                        "istio.io/dataplane-mode",
                        snapshot.namespaceLabels(pod.namespace()).getOrDefault("istio.io/dataplane-mode", ""));
        boolean redirected = "enabled".equals(pod.annotations().get("ambient.istio.io/redirection"));
        if (mode.equals("none") || !mode.equals("ambient") && !redirected) {
            return Optional.empty();
        }
        if ("true".equals(pod.annotations().get("ambient.istio.io/bypass-inbound-capture"))) {
            return Optional.of(
                    open(pod, "ambient.istio.io/bypass-inbound-capture", "lets inbound traffic past the node's proxy"));
        }
        if (pod.annotations().containsKey("sidecar.istio.io/status")) {
            return Optional.of(open(
                    pod,
                    "sidecar.istio.io/status",
                    "claims a sidecar that is not there, so ambient mode leaves it out"));
        }
        return Optional.of(Capture.unknown(
                "MESH-nosidecar",
                pod.display() + " has no sidecar and is in ambient mode, which is not evaluated",
                Evidence.of(pod.resource(), "spec.containers", "no container istio-proxy")));
    }

    /**
     * Whether a container of a pod is one of those that the injector adds: by its name and place, by its image where that can
     * be told, and by what it runs where no other answer looks at that.
     */
    boolean injectors(Pod pod, Node container) {
        boolean own = switch (container.get("name").textOr("")) {
            case "istio-proxy" -> pod.runningContainers().contains(container);
            case "istio-init" -> starters(pod).contains(container);
            case "istio-validation" ->
                starters(pod).contains(container)
                        && ProxyStart.ofStarter(container).isEmpty();
            default -> false;
        };
        return own && isInjected(container).orElse(true);
    }

    /** The init containers that go by the injector's names and end before the application starts. */
    private static List<Node> starters(Pod pod) {
        return pod.spec().get("initContainers").items().stream()
                .filter(container -> Set.of("istio-init", "istio-validation")
                        .contains(container.get("name").textOr("")))
                .filter(container -> !container.get("restartPolicy").textOr("").equals("Always"))
                .toList();
    }

    /** Whether a container that goes by a name of the injector's is of the injector's image; empty where it can't be told. */
    Optional<Boolean> isInjected(Node container) {
        String image = container.get("image").textOr("");
        Set<String> expected = injector.images();
        return expected.isEmpty()
                ? Optional.of(true)
                        .filter(yes -> name(image).split("[:@]", 2)[0].equals("proxyv2"))
                : Optional.of(expected.contains(image));
    }

    private Optional<Capture> templateImage(Pod pod) {
        String image = pod.annotations().get("sidecar.istio.io/proxyImage");
        return image == null || injector.images().contains(image)
                ? Optional.empty()
                : Optional.of(Capture.open(
                        "MESH-image",
                        "the pod asks for a proxy image of its own",
                        Evidence.of(pod.resource(), "annotations.sidecar.istio.io/proxyImage", image)));
    }

    private Capture judge(Pod pod, Node proxy) {
        Evidence evidence = evidence(pod, proxy, "image", proxy.get("image").textOr(""));
        Optional<Capture> foreign = foreignImage(pod, proxy);
        if (foreign.isPresent()) {
            return foreign.get();
        }
        if (proxy.get("command").size() > 0) {
            return Capture.unknown(
                    "MESH-image",
                    "the container istio-proxy of " + pod.display() + " runs a command of its own",
                    evidence(pod, proxy, "command", proxy.get("command").toString()));
        }
        List<String> args = proxy.get("args").texts();
        if (args.size() > 1 && !args.subList(0, 2).equals(List.of("proxy", "sidecar"))) {
            return Capture.open(
                    "MESH-capture",
                    "the proxy runs as " + args.subList(0, 2) + ", not as a sidecar that captures",
                    evidence(pod, proxy, "args", args.toString()));
        }
        for (Node variable : proxy.get("env").items()) {
            if (variable.get("name").textOr("").equals("DISABLE_ENVOY")
                    && !variable.get("value").textOr("true").equals("false")) {
                return Capture.open(
                        "MESH-capture",
                        "the proxy is told not to start Envoy",
                        evidence(pod, proxy, "env", variable.toString()));
            }
        }
        return ProxyStart.ofProxy(proxy, settings)
                .map(odd -> Capture.unknown(
                        "MESH-image",
                        "the container istio-proxy of " + pod.display()
                                + " does not run as the injector starts it: its " + odd.field() + " = " + odd.value()
                                + " is not evaluated",
                        evidence(pod, proxy, odd.field(), odd.value())))
                .orElseGet(() -> Capture.captured("the pod has Istio's sidecar", evidence));
    }

    private Optional<Capture> foreignImage(Pod pod, Node container) {
        String image = container.get("image").textOr("");
        String name = container.get("name").textOr("");
        Evidence evidence = evidence(pod, container, "image", image);
        Optional<Boolean> injected = isInjected(container);
        if (injected.isEmpty()) {
            return Optional.of(Capture.unknown(
                    "MESH-image",
                    "whether " + image + " of container " + name + " of " + pod.display()
                            + " is Istio's can't be told: the snapshot has no ConfigMap istio-sidecar-injector",
                    evidence));
        }
        return injected.get()
                ? Optional.empty()
                : Optional.of(Capture.open(
                        "MESH-image",
                        "the container " + name + " is not of the injector's image "
                                + injector.images().iterator().next(),
                        evidence));
    }

    private static String name(String image) {
        return image.substring(image.lastIndexOf('/') + 1);
    }

    private static Evidence evidence(Pod pod, Node container, String field, String value) {
        return Evidence.of(
                pod.resource(), "spec container " + container.get("name").textOr("") + " " + field, value);
    }

    private static Optional<Node> container(List<Node> containers, String name) {
        return containers.stream()
                .filter(container -> container.get("name").textOr("").equals(name))
                .findFirst();
    }

    /** Whether what comes to a port passes through the pod's sidecar. */
    Capture of(Pod pod, int port) {
        Capture sidecar = sidecar(pod);
        if (!sidecar.is(Capture.State.CAPTURED)) {
            return sidecar;
        }
        if (NEVER_CAPTURED.contains(port)) {
            return Capture.open(
                    port == 15008 ? "MESH-capture" : "MESH-admin",
                    "port " + port + " is the sidecar's own and never captured",
                    Evidence.of(pod.resource(), "", "port " + port + " is the sidecar's own"));
        }
        if (pod.fromTemplate()) {
            Capture annotated = byAnnotations(pod, port, sidecar);
            return annotated.is(Capture.State.OPEN) ? annotated : replaced(pod).orElse(annotated);
        }
        Optional<Node> init = container(starters(pod), "istio-init");
        if (init.isPresent()) {
            return foreignImage(pod, init.get()).orElseGet(() -> byArguments(pod, init.get(), port, sidecar));
        }
        Capture annotated = byAnnotations(pod, port, sidecar);
        return annotated.is(Capture.State.OPEN) ? annotated : byPlugin(pod).orElse(annotated);
    }

    /** What has the injector put in a proxy that is not the one it knows; empty where nothing does. */
    private Optional<Capture> replaced(Pod pod) {
        Optional<Capture> annotated = REPLACING.stream()
                .filter(name -> !pod.annotations().getOrDefault(name, "").isBlank())
                .sorted()
                .findFirst()
                .map(name -> Capture.unknown(
                        "MESH-image",
                        "the annotation " + name + " of " + pod.display()
                                + " changes the proxy in a way that is not evaluated",
                        annotation(pod, name)));
        if (annotated.isPresent()) {
            return annotated;
        }
        Optional<Capture> configured = settings.oddDefault()
                .map(evidence -> Capture.unknown(
                        "MESH-config",
                        "the mesh's default for proxies has " + evidence + ", which is not evaluated",
                        evidence));
        return configured.isPresent()
                ? configured
                : snapshot.resources(Kinds.PROXY_CONFIG).stream()
                        .filter(config -> WorkloadSelectors.applies(config, pod, settings.rootNamespace()) != Truth.NO)
                        .filter(config -> ProxyStart.variables(config.spec().get("environmentVariables"))
                                .isPresent())
                        .findFirst()
                        .map(config -> Capture.unknown(
                                "MESH-config",
                                config.display() + " gives the proxy of " + pod.display()
                                        + " variables that are not evaluated",
                                Evidence.of(
                                        config,
                                        "spec.environmentVariables",
                                        config.spec().get("environmentVariables"))));
    }

    /** Why Istio's CNI plugin may not redirect a pod that has no istio-init; empty where it does. */
    private Optional<Capture> byPlugin(Pod pod) {
        boolean validated = container(starters(pod), "istio-validation")
                .filter(container -> ProxyStart.ofStarter(container).isEmpty())
                .isPresent();
        Evidence evidence = Evidence.of(
                pod.resource(),
                "spec.initContainers",
                validated ? "no istio-init" : "no istio-init, no istio-validation");
        if (!injector.cni().orElse(true)) {
            return Optional.of(
                    Capture.open("MESH-capture", "nothing redirects the pod's traffic into the sidecar", evidence));
        }
        boolean marked = pod.annotations().containsKey("sidecar.istio.io/status")
                && !"false".equals(pod.annotations().get("sidecar.istio.io/inject"));
        if (!marked || injector.cni().isEmpty() && !validated) {
            return Optional.of(Capture.unknown(
                    "MESH-capture",
                    "whether Istio's CNI plugin redirects the traffic of " + pod.display()
                            + ", which has no istio-init, can't be told",
                    evidence));
        }
        return Optional.empty();
    }

    private static Capture byArguments(Pod pod, Node init, int port, Capture sidecar) {
        List<String> args = init.get("args").texts();
        Evidence evidence = evidence(pod, init, "args", args.toString());
        if (args.contains("--skip-rule-apply") || init.get("command").size() > 0) {
            return Capture.open("MESH-capture", "istio-init sets up no redirection", evidence);
        }
        if (!after(args, "-c").orElse("").isEmpty()
                || !after(args, "-k").orElse("").isEmpty()) {
            return Capture.open("MESH-capture", "istio-init leaves interfaces out of the redirection", evidence);
        }
        if (!after(args, "-z").orElse("15006").equals("15006")) {
            return Capture.unknown(
                    "MESH-capture",
                    "istio-init of " + pod.display() + " redirects to a port that is not the proxy's usual 15006",
                    evidence);
        }
        if (after(args, "-m").orElse("").equals("NONE")) {
            return Capture.open("MESH-capture", "istio-init redirects nothing", evidence);
        }
        Optional<String> included = after(args, "-b");
        Optional<ProxyStart.Oddity> odd = ProxyStart.ofStarter(init);
        boolean user = after(args, "-u").orElse("1337").equals("1337");
        if (included.isEmpty()
                || odd.isPresent()
                || !user
                || unreadable(after(args, "-d").orElse(""))) {
            return Capture.unknown(
                    "MESH-capture",
                    "the arguments of istio-init in " + pod.display() + " are not those of a known version",
                    odd.map(known -> evidence(pod, init, known.field(), known.value()))
                            .orElse(evidence));
        }
        if (!included.get().equals("*") && !list(included.get()).contains(Integer.toString(port))) {
            return Capture.open(
                    "MESH-capture", "istio-init redirects only the inbound ports \"" + included.get() + "\"", evidence);
        }
        if (list(after(args, "-d").orElse("")).contains(Integer.toString(port))) {
            return Capture.open("MESH-capture", "istio-init leaves port " + port + " out of the redirection", evidence);
        }
        return Capture.captured(
                "istio-init redirects port " + port, sidecar.evidence().get(0), evidence);
    }

    private Capture byAnnotations(Pod pod, int port, Capture sidecar) {
        Map<String, String> annotations = pod.annotations();
        for (String name : List.of(
                "traffic.sidecar.istio.io/excludeInterfaces",
                "istio.io/reroute-virtual-interfaces",
                "traffic.sidecar.istio.io/kubevirtInterfaces")) {
            if (!annotations.getOrDefault(name, "").isBlank()) {
                return open(pod, name, "leaves interfaces out of the capture");
            }
        }
        String templates = annotations.get("inject.istio.io/templates");
        if (templates != null && !templates.equals("sidecar")) {
            boolean known = list(templates).stream().anyMatch(Set.of("gateway", "grpc-agent", "grpc-simple")::contains);
            return known
                    ? open(pod, "inject.istio.io/templates", "asks for a proxy that captures nothing")
                    : Capture.unknown(
                            "MESH-capture",
                            pod.display() + " is injected by the templates " + templates + ", which are not evaluated",
                            annotation(pod, "inject.istio.io/templates"));
        }
        String mode = annotations.getOrDefault("sidecar.istio.io/interceptionMode", settings.interceptionMode());
        if (!Set.of("REDIRECT", "TPROXY").contains(mode)) {
            return Capture.open(
                    "MESH-capture",
                    "interception mode " + mode + " redirects nothing",
                    annotation(pod, "sidecar.istio.io/interceptionMode"));
        }
        Optional<Capture> configured = byProxyConfig(pod);
        if (configured.isPresent()) {
            return configured.get();
        }
        String text = Integer.toString(port);
        String included = annotations.getOrDefault(
                "traffic.sidecar.istio.io/includeInboundPorts", injector.proxySetting("includeInboundPorts", "*"));
        if (!included.equals("*") && !list(included).contains(text)) {
            return open(pod, "traffic.sidecar.istio.io/includeInboundPorts", "does not include port " + port);
        }
        String excluded = annotations.getOrDefault(
                "traffic.sidecar.istio.io/excludeInboundPorts", injector.proxySetting("excludeInboundPorts", ""));
        if (unreadable(excluded)) {
            return Capture.unknown(
                    "MESH-capture",
                    "the ports that " + pod.display() + " leaves out of the redirection are not plain numbers",
                    annotation(pod, "traffic.sidecar.istio.io/excludeInboundPorts"));
        }
        if (list(excluded).contains(text)) {
            return open(pod, "traffic.sidecar.istio.io/excludeInboundPorts", "excludes port " + port);
        }
        if (annotations
                .getOrDefault("status.sidecar.istio.io/port", "")
                .replaceFirst("^[+0]+", "")
                .equals(text)) {
            return open(pod, "status.sidecar.istio.io/port", "makes port " + port + " the sidecar's own");
        }
        return Capture.captured(
                "the sidecar captures port " + port, sidecar.evidence().get(0));
    }

    private Optional<Capture> byProxyConfig(Pod pod) {
        String text = pod.annotations().get("proxy.istio.io/config");
        if (text == null) {
            return Optional.empty();
        }
        Optional<Node> config = Text.tree(text);
        Evidence evidence = annotation(pod, "proxy.istio.io/config");
        if (config.isPresent()
                && config.get().get("interceptionMode").textOr("").equals("NONE")) {
            return Optional.of(Capture.open("MESH-capture", "its proxy configuration redirects nothing", evidence));
        }
        boolean harmless =
                config.isPresent() && ProxyStart.odd(config.get(), settings).isEmpty();
        return harmless
                ? Optional.empty()
                : Optional.of(Capture.unknown(
                        "MESH-capture",
                        pod.display() + " changes its proxy's configuration in ways that are not evaluated",
                        evidence));
    }

    private static Capture open(Pod pod, String annotation, String does) {
        return Capture.open("MESH-capture", "the annotation " + annotation + " " + does, annotation(pod, annotation));
    }

    private static Evidence annotation(Pod pod, String name) {
        return Evidence.of(
                pod.resource(),
                "metadata.annotations." + name,
                pod.annotations().getOrDefault(name, "absent"));
    }

    private static Optional<String> after(List<String> args, String flag) {
        int index = args.indexOf(flag);
        return index >= 0 && index + 1 < args.size() ? Optional.of(args.get(index + 1)) : Optional.empty();
    }

    /** Whether a list of ports has one that tools read in different ways: iptables takes 017620 as octal, for 8080. */
    private static boolean unreadable(String ports) {
        return !list(ports).stream().allMatch(port -> PORT.matcher(port).matches());
    }

    private static List<String> list(String text) {
        List<String> items = new ArrayList<>();
        Arrays.stream(text.split(","))
                .map(String::strip)
                .filter(item -> !item.isEmpty())
                .forEach(items::add);
        return items;
    }
}
