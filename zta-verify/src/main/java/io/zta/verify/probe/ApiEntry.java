package io.zta.verify.probe;

import java.util.ArrayList;
import java.util.List;

/**
 * A way into a container by the API: a subresource and the method that asks for it.
 *
 * @param bypass the row of the catalogue
 * @param resource {@code pods}, {@code services} or {@code nodes}
 * @param subresource the subresource
 * @param verb the verb that the API server makes of the method
 * @param method the HTTP method
 * @param query what follows the path
 */
record ApiEntry(String bypass, String resource, String subresource, String verb, String method, String query) {
    /** Every way, with each verb that opens it. */
    static final List<ApiEntry> ALL = all();

    private static List<ApiEntry> all() {
        List<ApiEntry> entries = new ArrayList<>();
        both(entries, "API-exec", "pods", "exec", "?command=true&stdout=true");
        both(entries, "API-attach", "pods", "attach", "?stdout=true");
        both(entries, "API-portforward", "pods", "portforward", "?ports=8080");
        both(entries, "API-proxy", "pods", "proxy", "/");
        both(entries, "API-proxy", "services", "proxy", "/");
        both(entries, "API-node", "nodes", "proxy", "/");
        return List.copyOf(entries);
    }

    private static void both(List<ApiEntry> entries, String bypass, String resource, String sub, String query) {
        entries.add(new ApiEntry(bypass, resource, sub, "create", "POST", query));
        entries.add(new ApiEntry(bypass, resource, sub, "get", "GET", query));
    }

    /** Where it is asked for. */
    String path(String namespace, String name) {
        return resource.equals("nodes")
                ? "/api/v1/nodes/" + name + "/" + subresource + query
                : "/api/v1/namespaces/" + namespace + "/" + resource + "/" + name + "/" + subresource + query;
    }

    /** {@code create pods/exec}. */
    String display() {
        return verb + " " + resource + "/" + subresource;
    }
}
