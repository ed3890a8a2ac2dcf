package io.zta.rbac.admission;

import io.zta.Posture;
import io.zta.compile.Compiled;
import io.zta.intent.Gateway;
import io.zta.intent.Intent;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Compiles the admission policies around the mesh: its root configuration, and who can become the gateway or the control
 * plane that signs identities. Reading the signing key can't be stopped by admission: that is for RBAC.
 */
final class MeshGuard {
    /** Where istiod runs. */
    static final String ROOT = "istio-system";

    private static final String ISTIOD = "istiod";
    /** The account that other clusters' control planes read this one by: it may read the signing key. */
    private static final String READER = "istio-reader-service-account";

    private static final String ISTIOD_USER = "system:serviceaccount:" + ROOT + ":" + ISTIOD;

    /** Controllers that make pods and workloads of workloads, which are judged themselves. */
    private static final List<String> CONTROLLERS = List.of(
            "system:kube-controller-manager",
            "system:serviceaccount:kube-system:cronjob-controller",
            "system:serviceaccount:kube-system:daemon-set-controller",
            "system:serviceaccount:kube-system:deployment-controller",
            "system:serviceaccount:kube-system:job-controller",
            "system:serviceaccount:kube-system:replicaset-controller",
            "system:serviceaccount:kube-system:replication-controller",
            "system:serviceaccount:kube-system:statefulset-controller");

    private MeshGuard() {}

    /** Namespaces beside the protected ones that the proofs rest on. */
    static List<String> namespaces(Posture posture) {
        TreeSet<String> names = new TreeSet<>();
        boolean mesh = !GuardPolicies.mesh(posture).isEmpty();
        boolean network = !GuardPolicies.network(posture).isEmpty();
        if (mesh) {
            names.add(ROOT);
        }
        if (mesh || network) {
            posture.gateway().ifPresent(gateway -> names.add(gateway.namespace()));
        }
        names.removeAll(posture.namespaces());
        return List.copyOf(names);
    }

    /** Adds the kinds that say what a sidecar does with a connection to a pod. */
    static void kinds(PolicyDraft draft, List<String> writes) {
        draft.on(
                        writes,
                        "security.istio.io",
                        "Namespaced",
                        List.of("peerauthentications", "requestauthentications", "authorizationpolicies"))
                // A ServiceEntry may declare another protocol for the ports of pods it selects.
                .on(
                        writes,
                        "networking.istio.io",
                        "Namespaced",
                        List.of("envoyfilters", "sidecars", "serviceentries", "proxyconfigs"))
                .on(writes, "extensions.istio.io", "Namespaced", List.of("wasmplugins", "trafficextensions"))
                .on(writes, "telemetry.istio.io", "Namespaced", List.of("telemetries"));
    }

    /** The configuration of the whole mesh. */
    static List<Compiled> root(Posture posture, List<Intent> because) {
        if (posture.namespaces().contains(ROOT)) {
            return List.of();
        }
        List<String> writes = List.of("CREATE", "UPDATE", "DELETE");
        PolicyDraft draft = new PolicyDraft("guard-mesh", posture, because).in(List.of(ROOT));
        kinds(draft, writes);
        return draft.on(writes, "", "Namespaced", List.of("configmaps", "secrets"))
                .let("name", Cel.NAME)
                .let("data", "request.operation == 'DELETE' ? dyn(oldObject) : dyn(object)")
                .let(
                        "guarded",
                        "request.resource.resource == 'secrets' ? variables.name in ['cacerts', 'istio-ca-secret']"
                                + " : request.resource.resource != 'configmaps'"
                                + " || variables.name in ['istio', 'istio-sidecar-injector', 'values']"
                                + " || variables.name.startsWith('istio-sidecar-injector-')"
                                + " || variables.name.startsWith('istio-') && has(variables.data.data)"
                                + " && 'mesh' in variables.data.data")
                .let("mayApply", Cel.MAY_APPLY)
                .let("istiod", "request.userInfo.username == " + Cel.text(ISTIOD_USER))
                .let("collecting", Cel.COLLECTING)
                .require(
                        "!variables.guarded || variables.mayApply || variables.istiod || variables.collecting",
                        "The posture " + EntryPolicies.name(posture)
                                + " guards the mesh's root configuration and signing key."
                                + " Have it changed by someone with the verb apply on postures.zta.io in this namespace.")
                .compile();
    }

    /** Who may run as the gateway or wear its labels, get its tokens, or get into its pods. */
    static List<Compiled> identity(Posture posture, Gateway gateway, List<Intent> because) {
        boolean mesh = !GuardPolicies.mesh(posture).isEmpty();
        Map<String, String> accounts = new TreeMap<>();
        accounts.put(gateway.namespace() + "/" + gateway.serviceAccount(), "");
        if (mesh) {
            accounts.put(ROOT + "/" + ISTIOD, "");
            accounts.put(ROOT + "/" + READER, "");
        }
        List<String> others = namespaces(posture);
        List<Compiled> all = new ArrayList<>();
        all.addAll(pods(posture, gateway, accounts, because));
        all.addAll(tokens(posture, accounts, because));
        if (!others.isEmpty()) {
            all.addAll(EntryPolicies.namespaced("gateway-entry", posture, others, because));
        }
        return all;
    }

    private static TreeSet<String> homes(Map<String, String> accounts) {
        TreeSet<String> homes = new TreeSet<>();
        accounts.keySet().forEach(account -> homes.add(account.substring(0, account.indexOf('/'))));
        return homes;
    }

    private static List<Compiled> pods(
            Posture posture, Gateway gateway, Map<String, String> accounts, List<Intent> because) {
        List<String> writes = List.of("CREATE", "UPDATE");
        String worn = gateway.labels().isEmpty()
                ? "false"
                : "request.namespace == " + Cel.text(gateway.namespace())
                        + " && has(it.metadata) && has(it.metadata.labels) && "
                        + Cel.wears("it.metadata.labels", gateway.labels());
        List<String> trusted = new ArrayList<>(CONTROLLERS);
        if (gateway.kind() == Gateway.Kind.GATEWAY_API) {
            trusted.add(ISTIOD_USER); // it makes the Deployment of a Gateway
        }
        return new PolicyDraft("gateway", posture, because)
                .in(homes(accounts))
                .on(writes, "", "Namespaced", List.of("pods", "replicationcontrollers"))
                .on(writes, "apps", "Namespaced", List.of("deployments", "daemonsets", "statefulsets", "replicasets"))
                .on(writes, "batch", "Namespaced", List.of("jobs", "cronjobs"))
                .let("kind", "request.resource.resource")
                .let("versions", "request.operation == 'CREATE' ? [dyn(object)] : [dyn(object), dyn(oldObject)]")
                .let(
                        "templates",
                        "variables.versions.map(it, variables.kind == 'pods' ? it"
                                + " : variables.kind == 'cronjobs' ? it.spec.jobTemplate.spec.template"
                                + " : has(it.spec.template) ? it.spec.template : dyn({'spec': {}}))")
                .let(
                        "becomes",
                        "variables.templates.map(it, (has(it.spec.serviceAccountName)"
                                + " && request.namespace + '/' + it.spec.serviceAccountName in "
                                + Cel.list(accounts.keySet()) + ") || (" + worn + "))")
                .let(
                        "unchanged",
                        "request.operation == 'UPDATE' && variables.becomes[0] == variables.becomes[1]"
                                + " && variables.templates[0].spec == variables.templates[1].spec")
                .let("controller", "request.userInfo.username in " + Cel.list(trusted))
                .let("mayApply", Cel.MAY_APPLY)
                .require(
                        "!variables.becomes.exists(it, it) || variables.unchanged || variables.controller"
                                + " || variables.mayApply",
                        "The posture " + EntryPolicies.name(posture) + " trusts the gateway " + gateway
                                + ": nothing else may run as it, wear its labels or change it."
                                + " Use another service account and other labels, or get the verb apply on"
                                + " postures.zta.io in this namespace.")
                .compile();
    }

    private static List<Compiled> tokens(Posture posture, Map<String, String> accounts, List<Intent> because) {
        String account = "request.namespace + '/' + ";
        return new PolicyDraft("gateway-tokens", posture, because)
                .in(homes(accounts))
                .on(List.of("CREATE"), "", "Namespaced", List.of("serviceaccounts/token"))
                .on(List.of("CREATE", "UPDATE"), "", "Namespaced", List.of("secrets"))
                .let(
                        "account",
                        "request.resource.resource == 'serviceaccounts' ? request.name"
                                + " : dyn(object).type == 'kubernetes.io/service-account-token'"
                                + " && has(object.metadata.annotations)"
                                + " && 'kubernetes.io/service-account.name' in object.metadata.annotations"
                                + " ? object.metadata.annotations['kubernetes.io/service-account.name'] : ''")
                .let("guarded", account + "variables.account in " + Cel.list(accounts.keySet()))
                .let(
                        "trusted",
                        "has(request.userInfo.groups) && 'system:nodes' in request.userInfo.groups"
                                + " || request.userInfo.username in ['system:kube-controller-manager',"
                                + " 'system:serviceaccount:kube-system:tokens-controller']")
                .let("mayApply", Cel.MAY_APPLY)
                .require(
                        "!variables.guarded || variables.trusted || variables.mayApply",
                        "The posture " + EntryPolicies.name(posture)
                                + " guards the gateway's identity: a token of its service account is for its pods alone.")
                .compile();
    }
}
