package io.zta.verify.whatif;

import io.zta.snapshot.Node;
import java.util.ArrayList;
import java.util.List;

/** The way through a tree that a path such as {@code spec.ingress[0].from[1]} names. */
final class FieldPath {
    /**
     * A node on the way.
     *
     * @param path what leads to it
     * @param node the node
     * @param item whether it is an item of a list
     */
    record Stop(String path, Node node, boolean item) {}

    private FieldPath() {}

    /** The nodes on the way, the outermost first; empty where the path leads nowhere. Names of fields may hold dots. */
    static List<Stop> stops(Node tree, String path) {
        List<Stop> stops = new ArrayList<>();
        Node node = tree;
        int at = 0;
        while (at < path.length()) {
            String rest = path.substring(at);
            int length;
            boolean item = rest.startsWith("[");
            if (item) {
                int end = rest.indexOf(']');
                if (end < 2 || !rest.substring(1, end).matches("[0-9]{1,6}")) {
                    return List.of();
                }
                node = node.item(Integer.parseInt(rest.substring(1, end)));
                length = end + 1;
            } else {
                String name = longest(node, rest);
                node = node.get(name);
                length = name.length();
            }
            if (node.isAbsent() || length == 0) {
                return List.of();
            }
            stops.add(new Stop(path.substring(0, at + length), node, item));
            at += length;
            if (at < path.length() && path.charAt(at) == '.') {
                at++;
            }
        }
        return stops;
    }

    private static String longest(Node node, String rest) {
        String best = "";
        for (String name : node.fields().keySet()) {
            boolean begins = rest.startsWith(name)
                    && (rest.length() == name.length() || ".[".indexOf(rest.charAt(name.length())) >= 0);
            if (begins && name.length() > best.length()) {
                best = name;
            }
        }
        return best;
    }

    /** What a field or item of the node at that path is called. */
    static List<Stop> children(Stop stop) {
        List<Stop> children = new ArrayList<>();
        stop.node().fields().forEach((name, child) -> {
            if (child.isPresent()) {
                children.add(new Stop(stop.path().isEmpty() ? name : stop.path() + "." + name, child, false));
            }
        });
        for (int i = 0; i < stop.node().items().size(); i++) {
            children.add(new Stop(stop.path() + "[" + i + "]", stop.node().item(i), true));
        }
        return children;
    }
}
