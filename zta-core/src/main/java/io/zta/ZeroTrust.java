package io.zta;

import io.zta.intent.PostureException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Where a posture starts.
 *
 * <pre>{@code
 * Posture posture = ZeroTrust.namespace("default").denyDirectAccess().strictMtls().noExecFor("developers");
 * String yaml = posture.manifests().toYaml();
 * }</pre>
 *
 * <p>Everything reached from here is an immutable value; nothing touches a cluster.
 */
public final class ZeroTrust {
    private static final Pattern NAME = Pattern.compile("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?");

    private ZeroTrust() {}

    /**
     * Starts a posture for a namespace.
     *
     * @throws PostureException if that can't be a namespace's name
     */
    public static NamespaceStage namespace(String name) {
        return namespaces(name);
    }

    /**
     * Starts a posture for several namespaces, each of which is protected alike.
     *
     * @throws PostureException if there is none, or one can't be a namespace's name
     */
    public static NamespaceStage namespaces(String... names) {
        List<String> distinct = new ArrayList<>(new java.util.TreeSet<>(List.of(names)));
        if (distinct.isEmpty()) {
            throw new PostureException("A posture needs a namespace: ZeroTrust.namespace(\"default\").");
        }
        for (String name : distinct) {
            if (!NAME.matcher(name).matches()) {
                throw new PostureException(
                        "\"" + name + "\" can't be the name of a namespace: lower-case letters, digits"
                                + " and '-', at most 63, starting and ending with a letter or digit.");
            }
            if (name.startsWith("kube-")) {
                throw new PostureException("The namespace \"" + name
                        + "\" is the control plane's own: denying access to it would lock out the cluster.");
            }
        }
        return new NamespaceStage(distinct);
    }
}
