package io.zta.verify.render;

import io.zta.finding.Hop;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes Mermaid flowcharts, fenced as Markdown wants them. */
public final class Mermaid {
    private Mermaid() {}

    static String witness(List<Hop> witness) {
        StringBuilder out = new StringBuilder("```mermaid\nflowchart TD\n");
        for (int i = 0; i < witness.size(); i++) {
            out.append("  h")
                    .append(i)
                    .append('[')
                    .append(label(witness.get(i).what()))
                    .append("]\n");
        }
        for (int i = 1; i < witness.size(); i++) {
            out.append("  h").append(i - 1).append(" --> h").append(i).append('\n');
        }
        return out.append("```\n").toString();
    }

    /** Who reaches whom, grouped by namespace, as one flowchart without a fence. */
    public static String flows(FlowMap map) {
        StringBuilder out = new StringBuilder("flowchart LR\n");
        Map<String, StringBuilder> groups = new LinkedHashMap<>();
        for (int i = 0; i < map.places().size(); i++) {
            FlowMap.Place place = map.places().get(i);
            String name = place.kind().isEmpty() ? place.name() : place.name() + " (" + place.kind() + ")";
            groups.computeIfAbsent(place.group(), group -> new StringBuilder())
                    .append("    p")
                    .append(i)
                    .append('[')
                    .append(label(name))
                    .append("]\n");
        }
        int number = 0;
        for (Map.Entry<String, StringBuilder> group : groups.entrySet()) {
            String name = group.getKey().isEmpty() ? "outside the cluster" : group.getKey();
            out.append("  subgraph g")
                    .append(number++)
                    .append('[')
                    .append(label(name))
                    .append("]\n")
                    .append(group.getValue())
                    .append("  end\n");
        }
        for (FlowMap.Flow flow : map.flows()) {
            out.append("  p")
                    .append(flow.from())
                    .append(" -->|")
                    .append(label(flow.ports()))
                    .append("| p");
            out.append(flow.to()).append('\n');
        }
        return out.toString();
    }

    /** A quoted label; Mermaid reads entities in it that begin with a hash sign. */
    private static String label(String text) {
        StringBuilder safe = new StringBuilder("\"");
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> safe.append("#quot;");
                case '#' -> safe.append("#35;");
                case '<' -> safe.append("#lt;");
                case '>' -> safe.append("#gt;");
                case '`' -> safe.append("#96;");
                case '\n', '\r' -> safe.append(' ');
                default -> safe.append(c);
            }
        }
        return safe.append('"').toString();
    }
}
