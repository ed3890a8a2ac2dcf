package io.zta.verify.render;

import io.zta.verify.internal.Json;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The part of the page that shows who reaches whom: the data of the picture, and the same as a table. */
final class HtmlFlows {
    /** Names that a cell of the table spells out; the picture has all. */
    private static final int NAMED = 12;

    private HtmlFlows() {}

    static void write(Optional<FlowMap> flows, StringBuilder out) {
        out.append("<section id=\"flows\" aria-labelledby=\"flows-head\">\n");
        out.append("<h2 id=\"flows-head\">Who reaches whom</h2>\n");
        if (flows.isEmpty()) {
            out.append("<p>Not worked out for this report.</p>\n</section>\n");
            return;
        }
        FlowMap map = flows.get();
        out.append(
                "<p>What network policies let through to protected workloads, before the sidecar has its say.</p>\n");
        if (map.flows().isEmpty()) {
            out.append("<p>Nothing reaches a protected workload.</p>\n</section>\n");
            return;
        }
        out.append("""
                <div id="drawn" hidden>
                <form aria-label="Picture"><label>Show <input type="search" id="find-flow" placeholder="namespace/name"></label>
                <label><input type="checkbox" id="only-other"> only peers that no posture names</label>
                <button type="button" id="open-all">Unfold all</button>
                <button type="button" id="close-all">Fold all</button></form>
                <p class="legend"><span><span class="swatch"></span>from a peer that a posture names, or a node</span>
                <span><span class="swatch other"></span>from any other</span></p>
                <div id="picture"></div>
                <p id="chosen" class="count" aria-live="polite"></p>
                </div>
                """);
        table(map, out);
        if (map.leftOut() > 0) {
            out.append("<p class=\"count\">").append(Words.count(map.leftOut(), "further connection"));
            out.append(" are left out: to workloads that no posture protects, or beyond what a page can draw.</p>\n");
        }
        out.append("<script type=\"application/json\" id=\"map\">")
                .append(data(map))
                .append("</script>\n</section>\n");
    }

    private static String data(FlowMap map) {
        List<Object> places = new ArrayList<>();
        map.places().forEach(place -> places.add(Json.object("group", place.group(), "name", place.name())));
        List<Object> flows = new ArrayList<>();
        map.flows()
                .forEach(flow -> flows.add(Json.object(
                        "from", flow.from(), "to", flow.to(), "ports", flow.ports(), "asked", flow.asked())));
        // No name may end the element it stands in.
        return Json.compact(Json.object("places", places, "flows", flows)).replace("<", "\\u003c");
    }

    private static void table(FlowMap map, StringBuilder out) {
        Map<Integer, Map<String, List<String>>> byTarget = new TreeMap<>();
        for (FlowMap.Flow flow : map.flows()) {
            FlowMap.Place from = map.places().get(flow.from());
            String who = from.group().isEmpty() ? from.name() : from.group() + "/" + from.name();
            byTarget.computeIfAbsent(flow.to(), key -> new LinkedHashMap<>())
                    .computeIfAbsent(flow.ports(), key -> new ArrayList<>())
                    .add(who);
        }
        out.append("<details><summary>The same as a table</summary>\n<table class=\"stack\"><thead><tr>");
        out.append("<th scope=\"col\">Protected workload</th><th scope=\"col\">Ports</th>");
        out.append("<th scope=\"col\">Reached by</th></tr></thead><tbody>\n");
        byTarget.forEach((target, ports) -> {
            FlowMap.Place place = map.places().get(target);
            ports.forEach((port, sources) -> {
                out.append("<tr><th scope=\"row\">").append(HtmlReport.safe(place.group() + "/" + place.name()));
                out.append("</th><td data-name=\"on\">").append(HtmlReport.safe(port));
                out.append("</td><td data-name=\"from\">");
                out.append(HtmlReport.safe(String.join(", ", sources.subList(0, Math.min(NAMED, sources.size())))));
                if (sources.size() > NAMED) {
                    out.append(" and ").append(sources.size() - NAMED).append(" more");
                }
                out.append("</td></tr>\n");
            });
        });
        out.append("</tbody></table>\n</details>\n");
    }
}
