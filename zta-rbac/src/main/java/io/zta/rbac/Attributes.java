package io.zta.rbac;

/**
 * What a request to the API server asks for, as its authorizers see it.
 *
 * @param verb the verb, lower case
 * @param group the API group; empty for the core group
 * @param resource the resource in the plural; empty for a request that is not about a resource
 * @param subresource the subresource, or empty
 * @param namespace the namespace, or empty for a cluster-scoped request
 * @param name the object's name, or empty where the request has none
 * @param path the path of a request that is not about a resource, or empty
 */
public record Attributes(
        String verb, String group, String resource, String subresource, String namespace, String name, String path) {
    /** A request about a resource; {@code resource} may be written {@code pods/exec}. */
    public static Attributes of(String verb, String group, String resource, String namespace, String name) {
        int slash = resource.indexOf('/');
        return slash < 0
                ? new Attributes(verb, group, resource, "", namespace, name, "")
                : new Attributes(
                        verb, group, resource.substring(0, slash), resource.substring(slash + 1), namespace, name, "");
    }

    /** {@code verb resource/sub.group in namespace}, for messages. */
    @Override
    public String toString() {
        if (!path.isEmpty()) {
            return verb + " " + path;
        }
        return verb + " " + resource + (subresource.isEmpty() ? "" : "/" + subresource)
                + (group.isEmpty() ? "" : "." + group)
                + (name.isEmpty() ? "" : " \"" + name + "\"")
                + (namespace.isEmpty() ? "" : " in " + namespace);
    }
}
