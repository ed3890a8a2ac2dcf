package io.zta.rbac.admission;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Pieces of CEL that several policies share. */
final class Cel {
    /** Whether the caller may get into this container: the object's name counts, so a grant may name single pods. */
    static final String MAY_ENTER = "authorizer.group('zta.io').resource('containers').namespace(request.namespace)"
            + ".name(request.name).check('enter').allowed()";

    /** Whether the caller may get into every container of every node. */
    static final String MAY_ENTER_ANYWHERE =
            "authorizer.group('zta.io').resource('containers').check('enter').allowed()";

    /** Whether the caller may write the posture's objects in this namespace. */
    static final String MAY_APPLY = "authorizer.group('zta.io').resource('postures').namespace(request.namespace)"
            + ".check('apply').allowed()";

    /** Whether the caller may write the posture's objects everywhere. */
    static final String MAY_APPLY_ANYWHERE = "authorizer.group('zta.io').resource('postures').check('apply').allowed()";

    /** Whether the caller may approve break-glass grants in this namespace. */
    static final String MAY_APPROVE = "authorizer.group('zta.io').resource('postures').namespace(request.namespace)"
            + ".check('approve').allowed()";

    /**
     * The control plane finishing a deletion that was let through: of the namespace, or of the object. Without it a
     * namespace stays Terminating for ever.
     */
    static final String COLLECTING = "request.userInfo.username in "
            + list(List.of(
                    "system:serviceaccount:kube-system:namespace-controller",
                    "system:serviceaccount:kube-system:generic-garbage-collector",
                    "system:kube-controller-manager"))
            + " && request.operation != 'CREATE'"
            + " && (has(oldObject.metadata.deletionTimestamp)"
            + " || namespaceObject != null && has(namespaceObject.metadata.deletionTimestamp))";

    /**
     * The object's name. Not {@code request.name}, which is empty while a collection is deleted, and where the server
     * makes the name up.
     */
    static final String NAME = "request.operation == 'CREATE'"
            + " ? (has(object.metadata.name) ? object.metadata.name : '') : oldObject.metadata.name";

    private Cel() {}

    /** A list of texts, sorted. */
    static String list(Collection<String> texts) {
        return new TreeSet<>(texts).stream().map(Cel::text).collect(Collectors.joining(", ", "[", "]"));
    }

    /** A text. */
    static String text(String text) {
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'";
    }

    /** Whether a map of labels has all of these. */
    static String wears(String labels, Map<String, String> worn) {
        return new TreeMap<>(worn)
                .entrySet().stream()
                        .map(label -> text(label.getKey()) + " in " + labels + " && " + labels + "["
                                + text(label.getKey()) + "] == " + text(label.getValue()))
                        .collect(Collectors.joining(" && "));
    }
}
