package io.zta.istio;

import static org.assertj.core.api.Assertions.assertThat;

import io.zta.snapshot.Pods;
import io.zta.snapshot.Snapshot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** A row for each rule of docs/semantics/mesh.md. */
class MeshSemanticsTest {
    private static final String SA = "cluster.local/ns/";
    private static final Client PLAIN = Client.plaintext();
    private static final Client WEB = Client.identity(SA + "shop/sa/web");
    private static final Client GATEWAY = Client.identity(SA + "istio-system/sa/gateway");
    private static final Client OTHER = Client.identity(SA + "other/sa/other");
    private static final Client.Token GOOD = Client.Token.of("https://good");
    private static final Client.Token BAD = Client.Token.of("https://bad");

    private record Row(String id, String what, String yaml, int port, Client client, String expected) {}

    private final List<Row> rows = new ArrayList<>();

    private void row(String id, String what, String yaml, int port, Client client, String expected) {
        rows.add(new Row(id, what, yaml, port, client, expected));
    }

    private static String peer(String namespace, String name, String created, String spec) {
        return object("security.istio.io/v1", "PeerAuthentication", namespace, name, created, spec);
    }

    private static String object(String version, String kind, String ns, String name, String created, String spec) {
        String time = created.isEmpty() ? "" : ", creationTimestamp: \"2026-01-0" + created + "T00:00:00Z\"";
        return "---\napiVersion: " + version + "\nkind: " + kind + "\nmetadata: {name: " + name + ", namespace: " + ns
                + time + "}\nspec: " + spec + "\n";
    }

    private static String policy(String name, String spec) {
        return object("security.istio.io/v1", "AuthorizationPolicy", "shop", name, "", spec);
    }

    private static String allow(String rule) {
        return policy("allow", "{rules: [" + rule + "]}");
    }

    private static String deny(String rule) {
        return policy("deny", "{action: DENY, rules: [" + rule + "]}");
    }

    private static String from(String source) {
        return "{from: [{source: {" + source + "}}]}";
    }

    private static String tokens(String issuer) {
        return object(
                "security.istio.io/v1",
                "RequestAuthentication",
                "shop",
                "tokens",
                "",
                "{jwtRules: [{issuer: \"" + issuer + "\", jwks: \"{}\"}]}");
    }

    private static String mesh(String mesh) {
        return "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: istio-system}\ndata:\n  mesh: |-\n    "
                + mesh.replace("\n", "\n    ") + "\n";
    }

    private static final String STRICT = peer("shop", "strict", "1", "{mtls: {mode: STRICT}}");
    private static final String INIT =
            "{name: istio-init, image: hub/proxyv2:1, args: [istio-iptables, -b, '*', -d, '15090,15021,15020']}";
    private static final String PROXY =
            "{name: istio-proxy, image: hub/proxyv2:1, restartPolicy: Always, args: [proxy, sidecar]}";

    private static String pod(String labels, String annotations, String extra, String init) {
        return "---\napiVersion: v1\nkind: Pod\nmetadata: {name: orders, namespace: shop, labels: {app: orders" + labels
                + "}, annotations: {" + annotations + "}}\nspec:\n  serviceAccountName: orders\n" + extra
                + "  initContainers: [" + init + "]\n"
                + "  containers: [{name: app, image: app:1, ports: [{containerPort: 8080, name: web}]}]\n"
                + "status: {phase: Running, podIP: 10.0.0.9}\n";
    }

    private static String template(String labels, String annotations, String extra) {
        return "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: orders, namespace: shop}\nspec:\n  template:\n"
                + "    metadata: {labels: {app: orders" + labels + "}, annotations: {" + annotations + "}}\n    spec: {"
                + extra + "containers: [{name: app, image: app:1, ports: [{containerPort: 8080}]}]}\n";
    }

    private static String namespace(String labels) {
        return "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {" + labels + "}}\n";
    }

    private static String service(String name, String created, String port) {
        return object("v1", "Service", "shop", name, created, "{selector: {app: orders}, ports: [" + port + "]}");
    }

    private static final String ENABLED = namespace("istio-injection: enabled");
    private static final String POD = pod("", "sidecar.istio.io/status: '{}'", "", INIT + "," + PROXY);
    private static final String HTTP = service("orders", "1", "{name: http, port: 80, targetPort: 8080}");
    private static final String TCP = service("orders", "1", "{name: tcp, port: 80, targetPort: 8080}");
    private static final String BASE = ENABLED + POD + HTTP;
    private static final String BASE_TCP = ENABLED + POD + TCP;

    private void modes() {
        row("MESH-01", "without a policy plaintext is taken", BASE, 8080, PLAIN, "allowed");
        row("MESH-01", "and so is mTLS", BASE, 8080, WEB, "allowed");
        row(
                "MESH-02",
                "a policy of the root namespace is the mesh's",
                BASE + peer("istio-system", "default", "1", "{mtls: {mode: STRICT}}"),
                8080,
                PLAIN,
                "denied");
        row(
                "MESH-03",
                "the namespace overrides the mesh",
                BASE
                        + peer("istio-system", "d", "1", "{mtls: {mode: STRICT}}")
                        + peer("shop", "d", "1", "{mtls: {mode: PERMISSIVE}}"),
                8080,
                PLAIN,
                "allowed");
        row(
                "MESH-04",
                "the workload overrides the namespace",
                BASE
                        + STRICT
                        + peer("shop", "w", "2", "{selector: {matchLabels: {app: orders}}, mtls: {mode: PERMISSIVE}}"),
                8080,
                PLAIN,
                "allowed");
        row(
                "MESH-05",
                "UNSET inherits",
                BASE + STRICT + peer("shop", "w", "2", "{selector: {matchLabels: {app: orders}}, mtls: {mode: UNSET}}"),
                8080,
                PLAIN,
                "denied");
        row(
                "MESH-06",
                "a selector in the root namespace is ignored",
                BASE + peer("istio-system", "w", "1", "{selector: {matchLabels: {app: orders}}, mtls: {mode: STRICT}}"),
                8080,
                PLAIN,
                "allowed");
        row(
                "MESH-07",
                "an empty selector counts as none",
                BASE + peer("shop", "d", "1", "{selector: {}, mtls: {mode: STRICT}}"),
                8080,
                PLAIN,
                "denied");
        row(
                "MESH-08",
                "the oldest wins",
                BASE
                        + peer("shop", "a", "2", "{mtls: {mode: STRICT}}")
                        + peer("shop", "b", "1", "{mtls: {mode: PERMISSIVE}}"),
                8080,
                PLAIN,
                "allowed");
        row(
                "MESH-09",
                "a tie goes by name",
                BASE
                        + peer("shop", "a", "1", "{mtls: {mode: STRICT}}")
                        + peer("shop", "b", "1", "{mtls: {mode: PERMISSIVE}}"),
                8080,
                PLAIN,
                "denied");
        row(
                "MESH-10",
                "without creation times the winner is unknown",
                BASE
                        + peer("shop", "a", "", "{mtls: {mode: STRICT}}")
                        + peer("shop", "b", "", "{mtls: {mode: PERMISSIVE}}"),
                8080,
                PLAIN,
                "unknown");
        String level = "{selector: {matchLabels: {app: orders}}, mtls: {mode: STRICT}, portLevelMtls: {%s}}";
        row(
                "MESH-11",
                "a port level overrides the mode",
                BASE + peer("shop", "w", "1", String.format(level, "'8080': {mode: DISABLE}")),
                8080,
                PLAIN,
                "allowed");
        row(
                "MESH-11",
                "only of the oldest workload policy",
                BASE
                        + STRICT
                        + peer("shop", "w", "1", "{selector: {matchLabels: {app: orders}}, mtls: {mode: STRICT}}")
                        + peer("shop", "x", "2", String.format(level, "'8080': {mode: DISABLE}")),
                8080,
                PLAIN,
                "denied");
        row(
                "MESH-12",
                "keyed by the pod's port, not the Service's",
                BASE + peer("shop", "w", "1", String.format(level, "'80': {mode: DISABLE}")),
                8080,
                PLAIN,
                "denied");
        row(
                "MESH-13",
                "an UNSET port inherits",
                BASE + peer("shop", "w", "1", String.format(level, "'8080': {mode: UNSET}")),
                8080,
                PLAIN,
                "denied");
        row(
                "MESH-14",
                "a port of no Service has its level as well",
                BASE + peer("shop", "w", "1", String.format(level, "'9090': {mode: PERMISSIVE}")),
                9090,
                PLAIN,
                "allowed");
        row("MESH-14", "and the mode otherwise", BASE + STRICT, 9090, PLAIN, "denied");
        row(
                "MESH-15",
                "without a selector port levels do nothing",
                BASE + peer("shop", "d", "1", "{mtls: {mode: STRICT}, portLevelMtls: {'8080': {mode: DISABLE}}}"),
                8080,
                PLAIN,
                "denied");
        row(
                "MESH-16",
                "an unreadable mode is unknown",
                BASE + peer("shop", "d", "1", "{mtls: {mode: STRCIT}}"),
                8080,
                PLAIN,
                "unknown");
        row("MESH-17", "v1beta1 is read as v1", BASE + STRICT.replace("/v1\n", "/v1beta1\n"), 8080, PLAIN, "denied");
        row(
                "MESH-18",
                "DISABLE takes no mTLS",
                BASE + peer("shop", "d", "1", "{mtls: {mode: DISABLE}}"),
                8080,
                WEB,
                "denied");
    }

    private void sidecars() {
        String bare = ENABLED + HTTP + STRICT;
        row(
                "MESH-20",
                "no sidecar on the node's network",
                bare + template("", "", "hostNetwork: true, "),
                8080,
                PLAIN,
                "allowed");
        for (String namespace : List.of("kube-system", "kube-public", "kube-node-lease", "local-path-storage")) {
            row(
                    "MESH-21",
                    "Istio never injects into " + namespace,
                    (ENABLED + HTTP + STRICT + template("", "", "")).replace("shop", namespace),
                    8080,
                    PLAIN,
                    "allowed");
        }
        row(
                "MESH-22",
                "the label beats the annotation",
                bare + template(", sidecar.istio.io/inject: \"true\"", "sidecar.istio.io/inject: \"false\"", ""),
                8080,
                PLAIN,
                "denied");
        row(
                "MESH-22",
                "the annotation counts alone",
                bare + template("", "sidecar.istio.io/inject: \"false\"", ""),
                8080,
                PLAIN,
                "allowed");
        row(
                "MESH-23",
                "another value of istio-injection is off, whatever the pod says",
                namespace("istio-injection: maybe")
                        + HTTP
                        + STRICT
                        + template(", sidecar.istio.io/inject: \"true\"", "", ""),
                8080,
                PLAIN,
                "allowed");
        row(
                "MESH-24",
                "istio-injection beats the pod's revision",
                bare + template(", istio.io/rev: nope", "", ""),
                8080,
                PLAIN,
                "denied");
        row(
                "MESH-25",
                "a revision that is not seen to be served is unknown",
                namespace("istio.io/rev: canary") + HTTP + STRICT + template("", "", ""),
                8080,
                PLAIN,
                "unknown");
        row(
                "MESH-25",
                "the namespace's goes before the pod's",
                namespace("istio.io/rev: default") + HTTP + STRICT + template(", istio.io/rev: nope", "", ""),
                8080,
                PLAIN,
                "denied");
        String hook = "---\napiVersion: admissionregistration.k8s.io/v1\nkind: MutatingWebhookConfiguration\n"
                + "metadata: {name: i}\nwebhooks: [{name: i, clientConfig: {service: {path: /inject}},"
                + " namespaceSelector: {matchLabels: {istio.io/rev: default}}}]\n";
        row(
                "MESH-25",
                "one that no webhook serves injects nothing",
                namespace("istio.io/rev: canary") + HTTP + STRICT + template("", "", "") + hook,
                8080,
                PLAIN,
                "allowed");
        String config =
                "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio-sidecar-injector, namespace: istio-system}\n"
                        + "data: {config: '%s'}\n";
        row(
                "MESH-45",
                "the injector's selectors decide where the pod says nothing",
                bare
                        + template("", "", "")
                        + String.format(
                                config, "{\"neverInjectSelector\": [{\"matchLabels\": {\"app\": \"orders\"}}]}"),
                8080,
                PLAIN,
                "allowed");
        row(
                "MESH-45",
                "and its policy",
                bare + template("", "", "") + String.format(config, "{\"policy\": \"disabled\"}"),
                8080,
                PLAIN,
                "allowed");
        row(
                "MESH-45",
                "the pod's label goes before both",
                bare
                        + template(", sidecar.istio.io/inject: \"true\"", "", "")
                        + String.format(config, "{\"policy\": \"disabled\"}"),
                8080,
                PLAIN,
                "denied");
        row(
                "MESH-26",
                "a running pod without a proxy is bare, whatever the labels",
                bare + pod("", "", "", ""),
                8080,
                PLAIN,
                "allowed");
        row("MESH-27", "a native sidecar counts", BASE + STRICT, 8080, PLAIN, "denied");
        row(
                "MESH-28",
                "the webhooks in the snapshot decide",
                bare + template("", "", "")
                        + "---\napiVersion: admissionregistration.k8s.io/v1\nkind: MutatingWebhookConfiguration\n"
                        + "metadata: {name: i}\nwebhooks: [{name: i, clientConfig: {service: {path: /inject}},"
                        + " namespaceSelector: {matchLabels: {istio-injection: other}}}]\n",
                8080,
                PLAIN,
                "allowed");
        row(
                "MESH-29",
                "ambient mode is unknown",
                namespace("istio.io/dataplane-mode: ambient") + HTTP + STRICT + pod("", "", "", ""),
                8080,
                PLAIN,
                "unknown");
        String ambient = namespace("istio.io/dataplane-mode: ambient") + HTTP + STRICT;
        row("MESH-29", "of a template as well", ambient + template("", "", ""), 8080, PLAIN, "unknown");
        row(
                "MESH-29",
                "and a pod that opts out of it is bare",
                ambient + pod(", istio.io/dataplane-mode: none", "", "", ""),
                8080,
                PLAIN,
                "allowed");
        row(
                "MESH-29",
                "a pod that lets inbound traffic past it",
                ambient + pod("", "ambient.istio.io/bypass-inbound-capture: \"true\"", "", ""),
                8080,
                PLAIN,
                "allowed");
        row(
                "MESH-29",
                "or claims a sidecar that is not there",
                ambient + template("", "sidecar.istio.io/status: \"{}\"", ""),
                8080,
                PLAIN,
                "allowed");
        row(
                "MESH-29",
                "a pod of its own in ambient mode",
                ENABLED.replace("istio-injection: enabled", "")
                        + HTTP
                        + STRICT
                        + pod(", istio.io/dataplane-mode: ambient", "", "", ""),
                8080,
                PLAIN,
                "unknown");
        for (String name : List.of("gateway", "grpc-agent", "grpc-simple")) {
            row(
                    "MESH-30",
                    "templates that capture nothing: " + name,
                    bare + template("", "inject.istio.io/templates: " + name, ""),
                    8080,
                    PLAIN,
                    "allowed");
        }
        row(
                "MESH-30",
                "templates of one's own are unknown",
                bare + template("", "inject.istio.io/templates: \"sidecar,own\"", ""),
                8080,
                PLAIN,
                "unknown");
        row(
                "MESH-31",
                "interception NONE",
                bare + template("", "sidecar.istio.io/interceptionMode: NONE", ""),
                8080,
                PLAIN,
                "allowed");
        row(
                "MESH-32",
                "an excluded port",
                bare + template("", "traffic.sidecar.istio.io/excludeInboundPorts: \"8080\"", ""),
                8080,
                PLAIN,
                "allowed");
        row(
                "MESH-32",
                "and not the others",
                bare + template("", "traffic.sidecar.istio.io/excludeInboundPorts: \"9090\"", ""),
                8080,
                PLAIN,
                "denied");
        row(
                "MESH-33",
                "an empty list of included ports",
                bare + template("", "traffic.sidecar.istio.io/includeInboundPorts: \"\"", ""),
                8080,
                PLAIN,
                "allowed");
        row(
                "MESH-34",
                "excluded interfaces",
                bare + template("", "traffic.sidecar.istio.io/excludeInterfaces: eth0", ""),
                8080,
                PLAIN,
                "allowed");
        row(
                "MESH-35",
                "rerouted interfaces",
                bare + template("", "istio.io/reroute-virtual-interfaces: eth0", ""),
                8080,
                PLAIN,
                "allowed");
        row(
                "MESH-36",
                "a port made the sidecar's status port",
                bare + template("", "status.sidecar.istio.io/port: \"8080\"", ""),
                8080,
                PLAIN,
                "allowed");
        row(
                "MESH-37",
                "a proxy that does not start Envoy",
                bare
                        + pod(
                                "",
                                "",
                                "",
                                INIT + "," + PROXY.replace("}", ", env: [{name: DISABLE_ENVOY, value: \"true\"}]}")),
                8080,
                PLAIN,
                "allowed");
        String injector =
                "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio-sidecar-injector, namespace: istio-system}\n"
                        + "data: {values: '{\"global\": {\"hub\": \"hub\", \"tag\": \"%s\", \"proxy\": {\"image\": \"proxyv2\"}}}'}\n";
        row(
                "MESH-38",
                "an image that is not the injector's",
                BASE + STRICT + String.format(injector, "2"),
                8080,
                PLAIN,
                "allowed");
        row("MESH-38", "and one that is", BASE + STRICT + String.format(injector, "1"), 8080, PLAIN, "denied");
        row(
                "MESH-38",
                "nor is istio-init's",
                bare
                        + pod("", "", "", INIT.replace("hub/proxyv2:1", "hub/proxyv2:9") + "," + PROXY)
                        + String.format(injector, "1"),
                8080,
                PLAIN,
                "allowed");
        row(
                "MESH-38",
                "an init container that ends is no sidecar",
                bare + pod("", "", "", INIT + "," + PROXY.replace("restartPolicy: Always, ", "")),
                8080,
                PLAIN,
                "allowed");
        row("MESH-39", "15020 is never captured", BASE + STRICT, 15020, PLAIN, "allowed");
        row(
                "MESH-40",
                "the arguments of istio-init decide for a running pod",
                bare + pod("", "", "", INIT.replace("15020", "15020,8080") + "," + PROXY),
                8080,
                PLAIN,
                "allowed");
        row(
                "MESH-40",
                "another port than the proxy's is unknown",
                bare + pod("", "", "", INIT.replace("-b", "-z, '9999', -b") + "," + PROXY),
                8080,
                PLAIN,
                "unknown");
        String status = "sidecar.istio.io/status: '{}'";
        String validation = "{name: istio-validation, image: hub/proxyv2:1, args: [istio-iptables, -b, '*', -d,"
                + " '15090,15021,15020', --run-validation, --skip-rule-apply]}";
        row(
                "MESH-44",
                "Istio's CNI plugin redirects what the injector marked",
                bare + pod("", status, "", validation + "," + PROXY),
                8080,
                PLAIN,
                "denied");
        row(
                "MESH-44",
                "and not what it did not",
                bare + pod("", "", "", validation + "," + PROXY),
                8080,
                PLAIN,
                "unknown");
        row("MESH-44", "whether it is there can't be told", bare + pod("", status, "", PROXY), 8080, PLAIN, "unknown");
        row(
                "MESH-44",
                "where it is not nothing redirects",
                bare + pod("", status, "", validation + "," + PROXY) + String.format(injector, "1"),
                8080,
                PLAIN,
                "allowed");
        row(
                "MESH-41",
                "an unknown proxy configuration is unknown",
                bare + template("", "proxy.istio.io/config: \"discoveryAddress: other:15012\"", ""),
                8080,
                PLAIN,
                "unknown");
    }

    /** What a pod brings into the containers that the injector puts in. */
    private void startedOtherwise() {
        String bare = ENABLED + HTTP + STRICT;
        for (String more : List.of(
                "env: [{name: ISTIO_BOOTSTRAP, value: /etc/own.json}]",
                "env: [{name: ISTIO_BOOTSTRAP_OVERRIDE, value: /etc/own.json}]",
                "env: [{name: LD_PRELOAD, value: /own.so}]",
                "env: [{name: CA_ADDR, value: 'ca.tools.svc:15012'}]",
                "env: [{name: ISTIO_META_INTERCEPTION_MODE, value: NONE}]",
                "env: [{name: PROXY_CONFIG, value: 'customConfigFile: /etc/own.json'}]",
                "env: [{name: PROXY_CONFIG, value: 'discoveryAddress: istiod.tools.svc:15012'}]",
                "env: [{name: PROXY_CONFIG, value: 'proxyMetadata: {ISTIO_BOOTSTRAP: /etc/own.json}'}]",
                "env: [{name: PROXY_CONFIG, valueFrom: {configMapKeyRef: {name: own, key: own}}}]",
                "envFrom: [{configMapRef: {name: own}}]",
                "volumeMounts: [{name: own, mountPath: /usr/local/bin}]",
                "volumeMounts: [{name: own, mountPath: /var/lib/istio/envoy/}]",
                "lifecycle: {postStart: {exec: {command: [sh, -c, 'iptables -t nat -F']}}}",
                "lifecycle: {preStop: {exec: {command: [sh, -c, 'iptables -t nat -F']}}}",
                "livenessProbe: {exec: {command: [pkill, envoy]}}",
                "readinessProbe: {exec: {command: [pkill, envoy]}}",
                "startupProbe: {exec: {command: [pkill, envoy]}}")) {
            row(
                    "MESH-47",
                    "a proxy with " + more,
                    bare + pod("", "", "", INIT + "," + PROXY.replace("args:", more + ", args:")),
                    8080,
                    PLAIN,
                    "unknown");
        }
        for (String args : List.of("wait", "proxy, sidecar, --templateFile=/own", "proxy, sidecar, --domain, x, own")) {
            row(
                    "MESH-47",
                    "a proxy started by " + args,
                    bare + pod("", "", "", INIT + "," + PROXY.replace("proxy, sidecar", args)),
                    8080,
                    PLAIN,
                    "unknown");
        }
        String usual =
                "env: [{name: CA_ADDR, value: 'istiod-canary.istio-system.svc:15012'}, {name: POD_NAME, value: x},"
                        + " {name: ISTIO_META_OWNER, value: x}, {name: ISTIO_META_INTERCEPTION_MODE, value: TPROXY},"
                        + " {name: PROXY_CONFIG, value: '{\"discoveryAddress\": \"istiod.istio-system.svc.cluster.local:15012\","
                        + " \"concurrency\": 2, \"statusPort\": 15020, \"proxyMetadata\": {\"ISTIO_META_DNS_CAPTURE\": \"true\"}}'}],"
                        + " volumeMounts: [{name: a, mountPath: /var/run/secrets/istio}, {name: b, mountPath: /etc/istio/proxy}],"
                        + " lifecycle: {preStop: {exec: {command: [pilot-agent, request, POST, drain]}}},"
                        + " readinessProbe: {httpGet: {port: 15021}}, ";
        row(
                "MESH-47",
                "and as the injector starts it",
                bare
                        + pod(
                                "",
                                "",
                                "",
                                INIT + ","
                                        + PROXY.replace("args:", usual + "args:")
                                                .replace(
                                                        "proxy, sidecar",
                                                        "proxy, sidecar, --domain, x.svc, --proxyLogLevel=warning,"
                                                                + " '--log_output_level=default:info', --concurrency, '2'")),
                8080,
                PLAIN,
                "denied");
        for (String init : List.of(
                INIT.replace("15020'", "15020', -d, '8080'"),
                INIT.replace("15020'", "15020', '-d=8080'"),
                INIT.replace("15020'", "15020', -d8080"),
                INIT.replace("15020'", "15020', --istio-local-exclude-ports, '8080'"),
                INIT.replace("15020'", "15020', --dry-run"),
                INIT.replace("15020'", "15020,017620'"),
                INIT.replace("istio-iptables", "istio-clean-iptables"),
                INIT.replace("-b", "-u, '10001', -b"),
                INIT.replace("args:", "env: [{name: DRY_RUN, value: 'true'}], args:"),
                INIT.replace("args:", "envFrom: [{configMapRef: {name: own}}], args:"))) {
            row("MESH-48", init, bare + pod("", "", "", init + "," + PROXY), 8080, PLAIN, "unknown");
        }
        row(
                "MESH-48",
                "istio-init that redirects nothing",
                bare + pod("", "", "", INIT.replace("-b", "-m, NONE, -b") + "," + PROXY),
                8080,
                PLAIN,
                "allowed");
        row(
                "MESH-48",
                "and with all that the injector gives",
                bare
                        + pod(
                                "",
                                "",
                                "",
                                INIT.replace(
                                                        "-b",
                                                        "-p, '15001', -z, '15006', -u, '1337', -m, TPROXY, -i, '*', -x, '', -b")
                                                .replace(
                                                        "15020'",
                                                        "15020', '--log_output_level=default:info', --force-apply")
                                        + "," + PROXY),
                8080,
                PLAIN,
                "denied");
        for (String annotation : List.of(
                "proxy.istio.io/overrides: '{}'",
                "sidecar.istio.io/bootstrapOverride: own",
                "sidecar.istio.io/discoveryAddress: 'own:15012'",
                "sidecar.istio.io/userVolume: '[]'",
                "sidecar.istio.io/userVolumeMount: '[]'",
                "traffic.sidecar.istio.io/excludeInboundPorts: '017620'",
                "proxy.istio.io/config: 'proxyMetadata: {ISTIO_BOOTSTRAP: own}'")) {
            row("MESH-47", annotation, bare + template("", annotation, ""), 8080, PLAIN, "unknown");
        }
        row(
                "MESH-36",
                "however it is written",
                bare + template("", "status.sidecar.istio.io/port: '08080'", ""),
                8080,
                PLAIN,
                "allowed");
        for (String mesh : List.of(
                "defaultConfig: {proxyMetadata: {DISABLE_ENVOY: 'true'}}",
                "defaultConfig: {customConfigFile: /etc/own.json}",
                "defaultConfig: {binaryPath: /own}")) {
            row("MESH-47", mesh, bare + mesh(mesh) + template("", "", ""), 8080, PLAIN, "unknown");
        }
        row(
                "MESH-47",
                "the mesh's usual defaults",
                bare
                        + mesh("defaultConfig: {discoveryAddress: 'istiod.example:15012', tracing: {}}")
                        + template("", "", ""),
                8080,
                PLAIN,
                "denied");
        for (String namespace : List.of("shop", "istio-system")) {
            row(
                    "MESH-47",
                    "a ProxyConfig of " + namespace,
                    bare
                            + template("", "", "")
                            + object(
                                    "networking.istio.io/v1beta1",
                                    "ProxyConfig",
                                    namespace,
                                    "own",
                                    "",
                                    "{environmentVariables: {DISABLE_ENVOY: 'true'}}"),
                    8080,
                    PLAIN,
                    "unknown");
        }
        row(
                "MESH-38",
                "without the injector's settings an image of another name can't be told",
                bare + pod("", "", "", INIT + "," + PROXY.replace("hub/proxyv2:1", "hub/proxyv2-own:1")),
                8080,
                PLAIN,
                "unknown");
        String debugger = PROXY.replace("restartPolicy: Always, ", "");
        row(
                "MESH-38",
                "nor is an ephemeral container a sidecar",
                bare + pod("", "", "  ephemeralContainers: [" + debugger + "]\n", INIT),
                8080,
                PLAIN,
                "allowed");
        row(
                "MESH-44",
                "an ephemeral container is no istio-init",
                bare + pod("", "", "  ephemeralContainers: [" + INIT + "]\n", PROXY),
                8080,
                PLAIN,
                "unknown");
        row("MESH-49", "15008 is never captured", BASE + STRICT, 15008, PLAIN, "allowed");
    }

    private void revisions() {
        row(
                "MESH-73",
                "an ExternalName with a selector may be the oldest, too",
                BASE
                        + STRICT
                        + object(
                                "v1",
                                "Service",
                                "shop",
                                "alias",
                                "1",
                                "{type: ExternalName, externalName: x.test, selector: {app: orders}, ports: [{name: tcp, port: 8080}]}"),
                8080,
                WEB,
                "unknown");
        String labelled = "metadata: {labels: {istio.io/rev: canary}, ";
        for (String policy : List.of(STRICT, allow("{}"), deny("{}"), tokens("https://good"))) {
            row(
                    "MESH-19",
                    "a policy of another revision is passed by",
                    BASE + STRICT.replace("strict", "own") + policy.replace("metadata: {", labelled),
                    8080,
                    PLAIN,
                    "unknown");
        }
        row(
                "MESH-19",
                "and one of the control plane's own acts",
                BASE + STRICT.replace("metadata: {", labelled.replace("canary", "default")),
                8080,
                PLAIN,
                "denied");
        row(
                "MESH-19",
                "which its ConfigMap tells",
                BASE
                        + STRICT.replace("metadata: {", labelled)
                        + mesh("{}").replace("name: istio,", "name: istio-canary,"),
                8080,
                PLAIN,
                "denied");
        row(
                "MESH-89",
                "policies that do not come from the cluster",
                BASE + STRICT + mesh("configSources: [{address: 'fs:///policies'}]"),
                8080,
                PLAIN,
                "unknown");
    }

    private void authorization() {
        String gw = from("principals: [cluster.local/ns/istio-system/sa/gateway]");
        row(
                "MESH-50",
                "DENY goes before ALLOW",
                BASE + allow("{}") + deny(from("namespaces: [shop]")),
                8080,
                WEB,
                "denied");
        row(
                "MESH-51",
                "without an ALLOW policy what is not denied passes",
                BASE + deny(from("namespaces: [other]")),
                8080,
                WEB,
                "allowed");
        row("MESH-51", "with one, what none matches is denied", BASE + allow(gw), 8080, WEB, "denied");
        row("MESH-52", "an empty spec allows nothing", BASE + policy("none", "{}"), 8080, WEB, "denied");
        row("MESH-53", "an empty rule allows all", BASE + allow("{}"), 8080, PLAIN, "allowed");
        row(
                "MESH-54",
                "a dry run is not enforced",
                BASE
                        + policy("none", "{}")
                                .replace("name: none", "name: none, annotations: {istio.io/dry-run: \"true\"}"),
                8080,
                WEB,
                "allowed");
        row(
                "MESH-55",
                "fields of a source AND",
                BASE
                        + tokens("https://good")
                        + allow(from(
                                "principals: [cluster.local/ns/shop/sa/web], requestPrincipals: [\"https://good/*\"]")),
                8080,
                WEB,
                "denied");
        row(
                "MESH-55",
                "entries OR",
                BASE
                        + tokens("https://good")
                        + allow(
                                "{from: [{source: {principals: [cluster.local/ns/shop/sa/web]}}, {source: {requestPrincipals: [\"https://good/*\"]}}]}"),
                8080,
                WEB,
                "allowed");
        row(
                "MESH-56",
                "targetRefs do not act on sidecars",
                BASE + policy("none", "{targetRefs: [{kind: Service, name: orders}]}"),
                8080,
                WEB,
                "allowed");
        row(
                "MESH-57",
                "the label gateway-name attaches policies by targetRefs",
                ENABLED
                        + HTTP
                        + pod(", gateway.networking.k8s.io/gateway-name: g", "", "", INIT + "," + PROXY)
                        + policy("none", "{targetRefs: [{kind: Gateway, name: g}]}"),
                8080,
                WEB,
                "denied");
        row(
                "MESH-58",
                "policies of the root namespace act everywhere",
                BASE + policy("none", "{}").replace("namespace: shop", "namespace: istio-system"),
                8080,
                WEB,
                "denied");
        row(
                "MESH-58",
                "and those of other namespaces do not",
                BASE + policy("none", "{}").replace("namespace: shop", "namespace: other"),
                8080,
                WEB,
                "allowed");
        row(
                "MESH-59",
                "principals by prefix",
                BASE + allow(from("principals: [cluster.local/ns/shop/*]")),
                8080,
                WEB,
                "allowed");
        row("MESH-59", "by suffix", BASE + allow(from("principals: [\"*/sa/web\"]")), 8080, WEB, "allowed");
        row("MESH-59", "any, but an identity", BASE + allow(from("principals: [\"*\"]")), 8080, PLAIN, "denied");
        row(
                "MESH-60",
                "cluster.local stands for the trust domain and its aliases",
                BASE
                        + mesh("trustDomain: corp\ntrustDomainAliases: [old]")
                        + allow(from("principals: [cluster.local/ns/shop/sa/web]")),
                8080,
                Client.identity("old/ns/shop/sa/web"),
                "allowed");
        row("MESH-61", "namespaces", BASE + allow(from("namespaces: [shop]")), 8080, OTHER, "denied");
        row(
                "MESH-62",
                "service accounts are of the policy's namespace unless they name one",
                BASE + allow(from("serviceAccounts: [web]")),
                8080,
                WEB,
                "allowed");
        row("MESH-63", "ipBlocks", BASE + allow(from("ipBlocks: [10.0.0.0/24]")), 8080, PLAIN.at("10.0.1.1"), "denied");
        row(
                "MESH-63",
                "of a client that may be anywhere",
                BASE + allow(from("ipBlocks: [10.0.0.0/24]")),
                8080,
                PLAIN,
                "allowed for some");
        row(
                "MESH-64",
                "remoteIpBlocks are what a header says",
                BASE + allow(from("remoteIpBlocks: [10.0.0.0/24]")),
                8080,
                PLAIN.at("10.0.1.1"),
                "allowed for some");
        row(
                "MESH-65",
                "ISSUER/* takes one issuer",
                BASE + tokens("https://bad") + allow(from("requestPrincipals: [\"https://good/*\"]")),
                8080,
                WEB.withToken(BAD),
                "denied");
        row(
                "MESH-65",
                "* takes any that some RequestAuthentication adds",
                BASE + tokens("https://bad") + allow(from("requestPrincipals: [\"*\"]")),
                8080,
                WEB.withToken(BAD),
                "allowed");
        row(
                "MESH-66",
                "RequestAuthentication alone lets in requests without a token",
                BASE + tokens("https://good"),
                8080,
                WEB,
                "allowed");
        row(
                "MESH-67",
                "a token that no rule accepts is refused",
                BASE + tokens("https://good"),
                8080,
                WEB.withToken(BAD),
                "denied");
        row(
                "MESH-68",
                "without RequestAuthentication no token authenticates",
                BASE + allow(from("requestPrincipals: [\"*\"]")),
                8080,
                WEB.withToken(GOOD),
                "denied");
        row(
                "MESH-69",
                "on a TCP chain an ALLOW with a field of HTTP is left out",
                BASE_TCP + tokens("https://good") + allow(from("requestPrincipals: [\"*\"]")),
                8080,
                WEB.withToken(GOOD),
                "denied");
        row(
                "MESH-70",
                "and a DENY loses the field, so it denies more",
                BASE_TCP + tokens("https://good") + deny(from("notRequestPrincipals: [\"*\"]")),
                8080,
                WEB.withToken(GOOD),
                "denied");
        row(
                "MESH-71",
                "notPrincipals is no field of HTTP",
                BASE_TCP + deny(from("notPrincipals: [cluster.local/ns/shop/sa/web]")),
                8080,
                WEB,
                "allowed");
        row(
                "MESH-72",
                "without a protocol the client chooses the chain",
                ENABLED + POD + tokens("https://good") + allow(from("requestPrincipals: [\"*\"]")),
                8080,
                WEB.withToken(GOOD),
                "unknown");
        row(
                "MESH-73",
                "the oldest Service decides the protocol",
                BASE
                        + service("other", "2", "{name: tcp, port: 81, targetPort: web}")
                        + tokens("https://good")
                        + allow(from("requestPrincipals: [\"*\"]")),
                8080,
                WEB.withToken(GOOD),
                "allowed");
        row(
                "MESH-74",
                "appProtocol beats the name",
                ENABLED
                        + POD
                        + service("orders", "1", "{name: tcp, appProtocol: http, port: 80, targetPort: 8080}")
                        + tokens("https://good")
                        + allow(from("requestPrincipals: [\"*\"]")),
                8080,
                WEB.withToken(GOOD),
                "allowed");
        String custom = policy("ask", "{action: CUSTOM, provider: {name: opa}, rules: [{}]}");
        String opa = mesh("extensionProviders: [{name: opa, envoyExtAuthzHttp: {service: opa, port: 80}}]");
        row(
                "MESH-75",
                "an authorizer that is not defined denies",
                BASE + mesh("rootNamespace: istio-system") + custom,
                8080,
                WEB,
                "denied");
        row("MESH-76", "an authorizer is asked as well", BASE + opa + custom, 8080, WEB, "allowed if opa");
        row("MESH-76", "and without the mesh's configuration it is unknown", BASE + custom, 8080, WEB, "unknown");
        row(
                "MESH-77",
                "an authorizer of HTTP is left out of a TCP chain",
                BASE_TCP + opa + custom,
                8080,
                WEB,
                "allowed");
        row(
                "MESH-78",
                "conditions are added to each entry",
                BASE + allow("{when: [{key: source.namespace, values: [other]}]}"),
                8080,
                WEB,
                "denied");
        row(
                "MESH-79",
                "methods, paths and hosts are the client's choice",
                BASE + allow("{to: [{operation: {methods: [GET], paths: [/a*]}}]}"),
                8080,
                WEB,
                "allowed for some");
        row(
                "MESH-79",
                "unless its request is given",
                BASE + allow("{to: [{operation: {methods: [GET], paths: [/a*]}}]}"),
                8080,
                WEB.sending(new Client.Request("POST", "/a", "orders", java.util.Map.of())),
                "denied");
        row(
                "MESH-80",
                "an unreadable action is unknown",
                BASE + policy("odd", "{action: bogus, rules: [{}]}"),
                8080,
                WEB,
                "unknown");
        row(
                "MESH-81",
                "AUDIT decides nothing",
                BASE + policy("log", "{action: AUDIT, rules: [{}]}"),
                8080,
                WEB,
                "allowed");
        row(
                "MESH-95",
                "a guard holds beside an ALLOW of everything",
                BASE + allow("{}") + deny(from("notPrincipals: [cluster.local/ns/istio-system/sa/gateway]")),
                8080,
                WEB,
                "denied");
        row(
                "MESH-95",
                "and lets in whom it names",
                BASE + allow("{}") + deny(from("notPrincipals: [cluster.local/ns/istio-system/sa/gateway]")),
                8080,
                GATEWAY,
                "allowed");
    }

    private void extensions() {
        String net = "networking.istio.io/v1alpha3";
        row(
                "MESH-90",
                "an EnvoyFilter is not evaluated",
                BASE + object(net, "EnvoyFilter", "shop", "f", "", "{configPatches: [{applyTo: HTTP_FILTER}]}"),
                8080,
                WEB,
                "unknown");
        for (String patch : List.of(
                "{applyTo: LISTENER, match: {context: SIDECAR_OUTBOUND}, patch: {operation: ADD}}",
                "{applyTo: BOOTSTRAP, match: {context: GATEWAY}}",
                "{applyTo: NETWORK_FILTER, match: {context: SIDECAR_INBOUND}}",
                "{applyTo: HTTP_FILTER, match: {context: ANY}}")) {
            row(
                    "MESH-90",
                    patch,
                    BASE + STRICT + object(net, "EnvoyFilter", "shop", "f", "", "{configPatches: [" + patch + "]}"),
                    8080,
                    PLAIN,
                    "unknown");
        }
        for (String patch : List.of(
                "{applyTo: CLUSTER, match: {context: SIDECAR_OUTBOUND}}",
                "{applyTo: LISTENER, match: {context: GATEWAY}}")) {
            row(
                    "MESH-90",
                    "what goes out, or a gateway: " + patch,
                    BASE + STRICT + object(net, "EnvoyFilter", "shop", "f", "", "{configPatches: [" + patch + "]}"),
                    8080,
                    PLAIN,
                    "denied");
        }
        row(
                "MESH-91",
                "nor is a Sidecar with listeners of its own",
                BASE + object(net, "Sidecar", "shop", "s", "", "{ingress: [{port: {number: 9999}}]}"),
                8080,
                WEB,
                "unknown");
        row(
                "MESH-92",
                "nor is a plugin",
                BASE + object("extensions.istio.io/v1alpha1", "WasmPlugin", "shop", "w", "", "{url: x}"),
                8080,
                WEB,
                "unknown");
        row(
                "MESH-93",
                "a namespace that istiod does not look at",
                BASE + mesh("discoverySelectors: [{matchLabels: {mesh: \"yes\"}}]") + STRICT,
                8080,
                WEB,
                "unknown");
    }

    private List<Row> all() {
        rows.clear();
        modes();
        sidecars();
        startedOtherwise();
        revisions();
        authorization();
        extensions();
        return rows;
    }

    @TestFactory
    Stream<DynamicTest> each_rule_holds() {
        return all().stream()
                .map(row -> DynamicTest.dynamicTest(row.id() + " " + row.what(), () -> {
                    Snapshot snapshot = Snapshot.ofText("case", row.yaml());
                    assertThat(snapshot.damages()).isEmpty();
                    String verdict = Mesh.of(snapshot)
                            .decide(Pods.of(snapshot).all().get(0), row.port(), row.client())
                            .match(
                                    allowed -> "allowed" + (allowed.everyRequest() ? "" : " for some")
                                            + (allowed.authorizers().isEmpty()
                                                    ? ""
                                                    : " if " + String.join(",", allowed.authorizers())),
                                    denied -> "denied",
                                    unknown -> "unknown");
                    assertThat(verdict).isEqualTo(row.expected());
                }));
    }

    @Test
    void every_rule_has_a_row_and_every_row_a_rule() throws IOException {
        Path here = Path.of("").toAbsolutePath();
        Path doc = Stream.of(here, here.getParent())
                .map(root -> root.resolve("docs/semantics/mesh.md"))
                .filter(Files::exists)
                .findFirst()
                .orElseThrow();
        TreeSet<String> documented = Pattern.compile("\\*\\*(MESH-\\d+)\\*\\*")
                .matcher(Files.readString(doc))
                .results()
                .map((MatchResult match) -> match.group(1))
                .collect(java.util.stream.Collectors.toCollection(TreeSet::new));
        TreeSet<String> tested = new TreeSet<>(MeshClaimsTest.IDS);
        all().forEach(row -> tested.add(row.id()));
        assertThat(documented).isEqualTo(tested);
    }
}
