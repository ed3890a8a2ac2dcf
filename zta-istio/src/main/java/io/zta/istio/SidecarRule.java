package io.zta.istio;

import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.LabelSelectorBuilder;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MatchResourcesBuilder;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.NamedRuleWithOperationsBuilder;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.ValidatingAdmissionPolicy;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.ValidatingAdmissionPolicyBinding;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.ValidatingAdmissionPolicyBindingBuilder;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.ValidatingAdmissionPolicyBuilder;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.Validation;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.ValidationBuilder;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.Variable;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.VariableBuilder;
import io.zta.Posture;
import io.zta.compile.Compiled;
import io.zta.intent.Enforcement;
import io.zta.intent.Phase;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The admission policy that keeps sidecars whole: exactly one proxy, of the image that the injector's own ConfigMap names,
 * set up as the injector does, with none of the settings that let traffic past it, and none of the rights with which
 * another container of the pod could undo it.
 *
 * <p>The ConfigMap is the policy's parameter, so that an upgrade of the mesh changes what is expected. It is judged after
 * mutation: a pod that the injector did not touch is refused, and so is one that overrides what it puts in, because the
 * injector then leaves the annotation {@code proxy.istio.io/overrides}.
 */
final class SidecarRule {
    static final String PARAMETER = "istio-sidecar-injector";
    static final String PARAMETER_NAMESPACE = "istio-system";

    /** Annotations that must not be there at all. */
    private static final List<String> REFUSED = List.of(
            "traffic.sidecar.istio.io/excludeInterfaces",
            "traffic.sidecar.istio.io/kubevirtInterfaces",
            "istio.io/reroute-virtual-interfaces",
            "status.sidecar.istio.io/port",
            "sidecar.istio.io/proxyImage",
            "sidecar.istio.io/proxyImageType",
            "sidecar.istio.io/bootstrapOverride",
            "sidecar.istio.io/discoveryAddress",
            "sidecar.istio.io/userVolume",
            "sidecar.istio.io/userVolumeMount",
            "proxy.istio.io/overrides",
            "ambient.istio.io/redirection");

    private static final String CAPABILITIES = "['AUDIT_WRITE','CHOWN','DAC_OVERRIDE','FOWNER','FSETID','KILL','MKNOD',"
            + "'NET_BIND_SERVICE','SETFCAP','SETGID','SETPCAP','SETUID','SYS_CHROOT']";

    /** What istio-init is told by the injector's template, one argument a line. */
    private static final String ARGUMENTS =
            "^istio-iptables\\\\n-p\\\\n[0-9]+\\\\n-z\\\\n[0-9]+\\\\n-u\\\\n1337\\\\n-m\\\\n(REDIRECT|TPROXY)\\\\n"
                    + "-i\\\\n[^\\\\n]*\\\\n-x\\\\n[^\\\\n]*\\\\n-b\\\\n[*]\\\\n-d\\\\n15090,15021(,15020)?(\\\\n-q\\\\n[^\\\\n]*)?(\\\\n-o\\\\n[^\\\\n]*)?"
                    + "(\\\\n--log_output_level=[^\\\\n]*)?(\\\\n--log_as_json)?(\\\\n--run-validation\\\\n--skip-rule-apply|\\\\n--force-apply)?"
                    + "(\\\\n--native-nftables)?$";

    /** What a proxy's configuration must not name: a file or binary of one's own, and no capture. */
    private static final String STARTED_OTHERWISE =
            "customConfigFile|binaryPath|configPath|proxyBootstrapTemplatePath|ISTIO_BOOTSTRAP|DISABLE_ENVOY|NONE";

    private static final String HARMLESS_CONFIG =
            "^[ \\\\n\\\\r\\\\t{}]*((holdApplicationUntilProxyStarts|concurrency|drainDuration|"
                    + "terminationDrainDuration)\\\"?: *\\\"?[A-Za-z0-9.]+\\\"?[, \\\\n\\\\r\\\\t{}]*\\\"?)*$";

    private SidecarRule() {}

    static String name(Posture posture) {
        return "zta-sidecar-" + posture.id();
    }

    static List<Compiled> of(Posture posture) {
        return List.of(new Compiled(policy(posture), Phase.API, true), new Compiled(binding(posture), Phase.API, true));
    }

    private static ValidatingAdmissionPolicy policy(Posture posture) {
        return new ValidatingAdmissionPolicyBuilder()
                .withMetadata(MeshObjects.metadata(posture, "", name(posture), "strictMtls()"))
                .withNewSpec()
                .withFailurePolicy("Fail")
                .withNewParamKind()
                .withApiVersion("v1")
                .withKind("ConfigMap")
                .endParamKind()
                .withMatchConstraints(new MatchResourcesBuilder()
                        .withMatchPolicy("Equivalent")
                        .withNamespaceSelector(new LabelSelectorBuilder()
                                .addNewMatchExpression()
                                .withKey("kubernetes.io/metadata.name")
                                .withOperator("In")
                                .withValues(posture.namespaces())
                                .endMatchExpression()
                                .build())
                        .withObjectSelector(pods(posture))
                        .addToResourceRules(new NamedRuleWithOperationsBuilder()
                                .withApiGroups("")
                                .withApiVersions("v1")
                                .withOperations("CREATE", "UPDATE")
                                .withResources("pods", "pods/ephemeralcontainers")
                                .withScope("Namespaced")
                                .build())
                        .build())
                .withVariables(variables())
                .withValidations(validations())
                .endSpec()
                .build();
    }

    private static LabelSelector pods(Posture posture) {
        LabelSelector selector = new LabelSelector();
        if (!posture.workloads().labels().isEmpty()) {
            selector.setMatchLabels(posture.workloads().labels());
        }
        return selector;
    }

    private static ValidatingAdmissionPolicyBinding binding(Posture posture) {
        return new ValidatingAdmissionPolicyBindingBuilder()
                .withMetadata(MeshObjects.metadata(posture, "", name(posture), "strictMtls()"))
                .withNewSpec()
                .withPolicyName(name(posture))
                .withNewParamRef()
                .withName(PARAMETER)
                .withNamespace(PARAMETER_NAMESPACE)
                .withParameterNotFoundAction("Deny")
                .endParamRef()
                .withValidationActions(
                        posture.enforcement() == Enforcement.DENY ? List.of("Deny") : List.of("Warn", "Audit"))
                .endSpec()
                .build();
    }

    private static List<Variable> variables() {
        List<Variable> all = new ArrayList<>();
        let(all, "update", "request.operation == 'UPDATE'");
        let(all, "annotations", "object.metadata.?annotations.orValue({})");
        let(all, "labels", "object.metadata.?labels.orValue({})");
        let(all, "oldAnnotations", "request.operation == 'UPDATE' ? oldObject.metadata.?annotations.orValue({}) : {}");
        let(all, "oldLabels", "request.operation == 'UPDATE' ? oldObject.metadata.?labels.orValue({}) : {}");
        let(all, "containers", "dyn(object.spec.containers) + dyn(object.spec.?initContainers.orValue([]))");
        let(
                all,
                "oldContainers",
                "request.operation == 'UPDATE' ? dyn(oldObject.spec.containers)"
                        + " + dyn(oldObject.spec.?initContainers.orValue([])) : dyn([])");
        let(
                all,
                "injected",
                "variables.containers.filter(c, c.name in ['istio-proxy','istio-init','istio-validation'])");
        let(all, "proxies", "variables.containers.filter(c, c.name == 'istio-proxy')");
        let(all, "starters", "variables.containers.filter(c, c.name in ['istio-init','istio-validation'])");
        let(all, "own", "variables.containers.filter(c, !(c.name in ['istio-proxy','istio-init','istio-validation']))");
        let(all, "debuggers", "dyn(object.spec.?ephemeralContainers.orValue([]))");
        let(
                all,
                "oldDebuggers",
                "request.operation == 'UPDATE' ? dyn(oldObject.spec.?ephemeralContainers.orValue([])) : dyn([])");
        let(all, "global", "params.data['values'].replace(' ', '').replace('\\n', '').split('\"global\":{', 2)[1]");
        let(all, "hub", "variables.global.find('\"hub\":\"[^\"]*\"').split('\"')[3]");
        let(all, "tag", "variables.global.find('\"tag\":\"?[^\",}]*').replace('\"tag\":', '').replace('\"', '')");
        let(
                all,
                "names",
                "['\"proxy\":{', '\"proxy_init\":{'].filter(k, variables.global.contains(k)).map(k,"
                        + " variables.global.split(k, 2)[1].find('\"image\":\"[^\"]*\"').split('\"')[3])");
        let(
                all,
                "images",
                "variables.names.map(n, n.contains('/') ? n : variables.hub + '/' + n + ':' + variables.tag)");
        return all;
    }

    private static List<Validation> validations() {
        List<Validation> all = new ArrayList<>();
        require(
                all,
                "variables.update || variables.proxies.size() == 1",
                "a pod here has exactly one container istio-proxy, which the injector puts in");
        require(
                all,
                "variables.injected.all(c, variables.images.exists(i, c.image in [i, i + '-distroless', i + '-debug'])"
                        + " || variables.oldContainers.exists(o, o.name == c.name && o.image == c.image))",
                "the containers istio-proxy and istio-init keep the injector's image");
        require(
                all,
                "variables.update || variables.proxies.all(c, c.?command.orValue([]).size() == 0"
                        + " && c.?args.orValue([]).size() > 1 && c.args[0] == 'proxy' && c.args[1] == 'sidecar'"
                        + " && " + variables("|CA_ADDR|PROXY_CONFIG")
                        + " && c.?env.orValue([]).all(e, !(e.name in ['PROXY_CONFIG', 'ISTIO_META_INTERCEPTION_MODE'])"
                        + " || has(e.value) && !e.value.matches('" + STARTED_OTHERWISE + "'))"
                        + " && c.?volumeMounts.orValue([]).all(m, m.mountPath.matches('^(" + ProxyStart.MOUNTS
                        + ")/*$')) && " + runs("c.?lifecycle.?postStart") + " && " + runs("c.?lifecycle.?preStop")
                        + " && " + runs("c.?startupProbe") + " && " + runs("c.?readinessProbe") + " && "
                        + runs("c.?livenessProbe") + ")",
                "the container istio-proxy runs as the injector starts it");
        require(
                all,
                "variables.update || variables.starters.size() == 1 && variables.starters.all(c,"
                        + " c.?command.orValue([]).size() == 0 && c.?args.orValue([]).join('\\n').matches('" + ARGUMENTS
                        + "') && " + variables("")
                        + " && (c.name == 'istio-validation') == c.args.exists(a, a == '--skip-rule-apply'))",
                "inbound traffic is redirected into the sidecar as the injector sets it up");
        require(
                all,
                "variables.annotations.all(k, !(k in [" + quoted(REFUSED) + "])"
                        + " || k in variables.oldAnnotations && variables.oldAnnotations[k] == variables.annotations[k])",
                "no annotation changes the sidecar's image, its container or what it captures");
        require(
                all,
                limited("annotations", "sidecar.istio.io/interceptionMode", "in ['REDIRECT', 'TPROXY']")
                        + " && " + limited("annotations", "traffic.sidecar.istio.io/includeInboundPorts", "== '*'")
                        + " && "
                        + limited("annotations", "traffic.sidecar.istio.io/excludeInboundPorts", "in ['', '15020']")
                        + " && " + limited("annotations", "inject.istio.io/templates", "== 'sidecar'")
                        + " && " + limited("annotations", "sidecar.istio.io/inject", "== 'true'")
                        + " && "
                        + limited("annotations", "proxy.istio.io/config", ".matches('" + HARMLESS_CONFIG + "')"),
                "no annotation takes traffic past the sidecar");
        require(
                all,
                limited("labels", "sidecar.istio.io/inject", "== 'true'")
                        + " && " + limited("labels", "security.istio.io/tlsMode", "== 'istio'")
                        + " && " + limited("labels", "istio.io/dataplane-mode", "== ''")
                        + " && " + limited("labels", "gateway.networking.k8s.io/gateway-name", "== ''"),
                "no label takes the pod out of the mesh or its policies");
        require(
                all,
                "'sidecar.istio.io/status' in variables.annotations"
                        + " || variables.update && !('sidecar.istio.io/status' in variables.oldAnnotations)",
                "the injector's mark sidecar.istio.io/status is there");
        require(
                all,
                "variables.update || namespaceObject.metadata.?labels[?'istio-injection'].orValue('') == 'enabled'"
                        + " || namespaceObject.metadata.?labels[?'istio.io/rev'].orValue('') != ''"
                        + " || variables.labels[?'sidecar.istio.io/inject'].orValue('') == 'true'",
                "the namespace is labelled for injection");
        require(
                all,
                "variables.update || !object.spec.?hostNetwork.orValue(false) && !object.spec.?hostPID.orValue(false)"
                        + " && !object.spec.?hostIPC.orValue(false)",
                "pods here do not share the node's network, processes or memory");
        require(
                all,
                "variables.update || object.spec.?volumes.orValue([]).all(v, !has(v.hostPath))",
                "pods here mount nothing of the node");
        require(
                all,
                "(variables.update || variables.own.all(c, " + harmless("false") + ")"
                        + " && object.spec.?securityContext.?runAsUser.orValue(0) != 1337"
                        + " && object.spec.?securityContext.?runAsGroup.orValue(0) != 1337)"
                        + " && variables.debuggers.all(c, variables.oldDebuggers.exists(o, o.name == c.name) || "
                        + harmless("p == 'SYS_PTRACE' && c.?targetContainerName.orValue('') != 'istio-proxy'") + ")",
                "no other container is privileged, adds network capabilities or runs as the proxy's user 1337");
        require(
                all,
                "variables.update || variables.containers.all(c, " + hosts("c.?livenessProbe") + " && "
                        + hosts("c.?readinessProbe") + " && " + hosts("c.?startupProbe") + " && "
                        + hosts("c.?lifecycle.?postStart") + " && " + hosts("c.?lifecycle.?preStop") + ")",
                "probes and hooks go to the pod itself, to no other host");
        return all;
    }

    /** Variables that leave the proxy's start as it is, and some more whose values are looked at elsewhere. */
    private static String variables(String more) {
        return "c.?envFrom.orValue([]).size() == 0 && c.?env.orValue([]).all(e, e.name.matches('^("
                + ProxyStart.VARIABLES + more + ")$'))";
    }

    /** A hook or probe that runs nothing but the proxy's own agent. */
    private static String runs(String handler) {
        return handler + ".?exec.?command.orValue(['pilot-agent'])[0] == 'pilot-agent'";
    }

    /** A container that can't rewrite the redirection, nor pass for the proxy. */
    private static String harmless(String alsoAllowed) {
        return "!c.?securityContext.?privileged.orValue(false)"
                + " && c.?securityContext.?capabilities.?add.orValue([]).all(p, p in " + CAPABILITIES + " || "
                + alsoAllowed + ") && c.?securityContext.?runAsUser.orValue(0) != 1337"
                + " && c.?securityContext.?runAsGroup.orValue(0) != 1337";
    }

    private static String hosts(String handler) {
        return handler + ".?httpGet.?host.orValue('') == '' && " + handler + ".?tcpSocket.?host.orValue('') == ''";
    }

    /** A key that may be there with certain values only, or as it was before. */
    private static String limited(String map, String key, String test) {
        String old = map.equals("labels") ? "variables.oldLabels" : "variables.oldAnnotations";
        String value = "variables." + map + "['" + key + "']";
        return "(!('" + key + "' in variables." + map + ") || " + value + (test.startsWith(".") ? "" : " ") + test
                + " || '" + key + "' in " + old + " && " + old + "['" + key + "'] == " + value + ")";
    }

    private static String quoted(List<String> names) {
        return names.stream().map(name -> "'" + name + "'").collect(Collectors.joining(", "));
    }

    private static void let(List<Variable> all, String name, String expression) {
        all.add(new VariableBuilder().withName(name).withExpression(expression).build());
    }

    private static void require(List<Validation> all, String expression, String message) {
        all.add(new ValidationBuilder()
                .withExpression(expression)
                .withMessage(message)
                .withReason("Forbidden")
                .build());
    }
}
