package io.zta.rbac;

import io.zta.rbac.Privilege.Part;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Something to be done through the API server, named by its row of the catalogue of bypasses ({@code exec} or {@code
 * API-exec}), or as a verb and a resource. Immutable.
 */
public final class Action {
    private static final Map<String, Action> CATALOGUE = catalogue();

    /** One right that is needed: any of its parts gives it. */
    record Right(List<Part> parts, boolean clusterScoped) {
        static Right of(Privilege privilege) {
            return new Right(privilege.parts(), privilege.isClusterScoped());
        }
    }

    private final String id;
    private final String bypass;
    private final List<List<Right>> ways;

    private Action(String id, String bypass, List<List<Right>> ways) {
        this.id = id;
        this.bypass = bypass;
        this.ways = ways;
    }

    private static Map<String, Action> catalogue() {
        Map<String, Action> actions = new LinkedHashMap<>();
        for (Action action : List.of(
                any("exec", Privilege.EXEC_POST, Privilege.EXEC_GET),
                any("attach", Privilege.ATTACH_POST, Privilege.ATTACH_GET),
                any("portforward", Privilege.PORT_FORWARD_POST, Privilege.PORT_FORWARD_GET),
                any("ephemeral", Privilege.EPHEMERAL),
                any("proxy", Privilege.POD_PROXY, Privilege.SERVICE_PROXY),
                any("node", Privilege.NODE_PROXY, Privilege.NODE_WRITE),
                any("hostpod", Privilege.POD_CREATE, Privilege.WORKLOAD_WRITE, Privilege.VOLUME_CREATE),
                any("create", Privilege.POD_CREATE, Privilege.POD_WRITE, Privilege.WORKLOAD_WRITE),
                any("token", Privilege.TOKEN, Privilege.SECRET_READ, Privilege.SECRET_CREATE),
                any(
                        "impersonate",
                        Privilege.IMPERSONATE_USER,
                        Privilege.IMPERSONATE_GROUP,
                        Privilege.IMPERSONATE_ACCOUNT),
                any(
                        "rbac",
                        Privilege.ROLE_BIND,
                        Privilege.CLUSTER_ROLE_BIND,
                        Privilege.ROLE_ESCALATE,
                        Privilege.CLUSTER_ROLE_ESCALATE,
                        Privilege.ROLE_BINDING_WRITE,
                        Privilege.CLUSTER_ROLE_BINDING_WRITE),
                all("csr", Privilege.CSR_CREATE, Privilege.CSR_APPROVAL, Privilege.SIGNER_APPROVE),
                any("webhook", Privilege.MUTATE, Privilege.DENY_REMOVE),
                any("policy", Privilege.POLICY_WRITE, Privilege.NAMESPACE_WRITE),
                any("gc", Privilege.POLICY_OWN))) {
            actions.put(action.id(), action);
        }
        return actions;
    }

    private static Action any(String id, Privilege... privileges) {
        List<List<Right>> ways = new ArrayList<>();
        Arrays.stream(privileges).forEach(privilege -> ways.add(List.of(Right.of(privilege))));
        return new Action(id, "API-" + id, ways);
    }

    private static Action all(String id, Privilege... privileges) {
        return new Action(
                id,
                "API-" + id,
                List.of(Arrays.stream(privileges).map(Right::of).toList()));
    }

    /**
     * The action of that name: a row of the catalogue ({@code exec}, {@code API-exec}, in any case), or {@code VERB
     * RESOURCE[.GROUP][/SUBRESOURCE]}; empty where it is neither.
     */
    public static Optional<Action> named(String name) {
        String[] words = name.trim().split("\\s+");
        if (words.length == 2) {
            return Optional.of(request(words[0], words[1]));
        }
        String id = name.trim().toLowerCase(Locale.ROOT).replaceFirst("^api-", "");
        return Optional.ofNullable(CATALOGUE.get(id));
    }

    /** The names of the catalogue's actions, in its order. */
    public static Set<String> names() {
        return java.util.Collections.unmodifiableSet(CATALOGUE.keySet());
    }

    /** One verb on one resource, written {@code pods}, {@code pods/log} or {@code deployments.apps/scale}. */
    public static Action request(String verb, String resource) {
        int slash = resource.indexOf('/');
        String plain = slash < 0 ? resource : resource.substring(0, slash);
        int dot = plain.indexOf('.');
        String group = dot < 0 ? "" : plain.substring(dot + 1);
        String plural = dot < 0 ? plain : plain.substring(0, dot);
        Part part = new Part(verb, group, plural, slash < 0 ? "" : resource.substring(slash + 1));
        return new Action(
                verb + " " + resource,
                "",
                List.of(List.of(new Right(List.of(part), Scopes.isClusterScoped(group, plural)))));
    }

    /** The action that is this right alone. */
    static Action of(Right right) {
        return new Action("", "", List.of(List.of(right)));
    }

    /** The name: {@code exec}, or {@code get pods/log}. */
    public String id() {
        return id;
    }

    /** The row of the catalogue of bypasses, such as {@code API-exec}; empty for a plain request. */
    public String bypass() {
        return bypass;
    }

    /** The ways to do it, any one of which is enough; of each all rights are needed. */
    List<List<Right>> ways() {
        return ways;
    }

    @Override
    public String toString() {
        return id;
    }
}
