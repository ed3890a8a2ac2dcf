package io.zta.verify.render;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The page for a browser. */
final class HtmlReportTest {
    @Test
    void the_page_asks_nothing_of_any_network() {
        String page = Format.HTML.render(Cases.record("phase-0"));
        assertThat(page).contains("Content-Security-Policy\" content=\"default-src 'none'; ");
        assertThat(page)
                .doesNotContainPattern("(?i)(src|srcset|action)=\"")
                .doesNotContainPattern("(?i)<(link|img|iframe|object|embed|base)\\b")
                .doesNotContainPattern("(?i)url\\(|@import|fetch\\(|XMLHttpRequest|sendBeacon|WebSocket|import\\(");
        assertThat(hrefs(page)).allMatch(href -> href.startsWith("#"));
    }

    @Test
    void text_of_a_manifest_is_never_markup() {
        String page = Format.HTML.render(Cases.everything());
        assertThat(page)
                .doesNotContain("<script>alert")
                .contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;quoted");
        FlowMap.Place place = new FlowMap.Place("</script><script>alert(2)", "<b>x", "Pod", true);
        FlowMap map = new FlowMap(List.of(place), List.of(new FlowMap.Flow(0, 0, "TCP 80", false)), 0);
        assertThat(Format.HTML.render(Cases.everything().with(map)))
                .doesNotContain("<b>x", "</script><script>alert(2)")
                .contains("\\u003c/script>\\u003cscript>alert(2)");
    }

    @Test
    void every_link_inside_leads_somewhere_and_every_id_is_there_once() {
        String page = Format.HTML.render(Cases.record("phase-0"));
        List<String> ids = Pattern.compile(" id=\"([^\"]+)\"")
                .matcher(page)
                .results()
                .map(found -> found.group(1))
                .toList();
        assertThat(ids).doesNotHaveDuplicates();
        assertThat(hrefs(page)).isNotEmpty().allMatch(href -> ids.contains(href.substring(1)));
    }

    @Test
    void claims_findings_doubts_and_what_it_rests_on_are_in_the_markup_without_the_script() {
        String page = Format.HTML.render(Cases.everything()).replaceAll("(?s)<script.*?</script>", "");
        assertThat(page)
                .contains("ZTA-NET-001", "ZTA-OPS-001", "tag violated", "tag unknown", "tag proven")
                .contains("a webhook decides", "a tab indents", "system:masters", "loopback", "narrow the peer")
                .contains("class=\"way\"", "lang=\"en\"", "<th scope=\"col\">", "aria-labelledby");
    }

    @Test
    void the_map_has_every_flow_to_a_protected_workload_and_a_table_that_says_the_same() throws IOException {
        String page = Format.HTML.render(Cases.record("phase-0"));
        Matcher data = Pattern.compile("(?s)id=\"map\">(.*?)</script>").matcher(page);
        assertThat(data.find()).isTrue();
        JsonNode map = new ObjectMapper().readTree(data.group(1));
        assertThat(map.get("flows").size()).isEqualTo(24);
        assertThat(page).contains("<tr><th scope=\"row\">default/orders</th>", "tools/debug");
        map.get("flows").forEach(flow -> {
            JsonNode from = map.at("/places/" + flow.get("from").asInt());
            String group = from.get("group").asText();
            boolean host =
                    group.equals("kube-system") && !from.get("name").asText().equals("coredns");
            boolean gateway = from.get("name").asText().equals("istio-ingressgateway");
            assertThat(flow.get("asked").asBoolean()).as(from.toString()).isEqualTo(host || gateway);
        });
    }

    @Test
    void a_healthy_page_says_so() {
        String page = Format.HTML.render(Cases.healthy().with(new FlowMap(List.of(), List.of(), 0)));
        assertThat(page).contains("Nothing reaches a protected workload", "Nothing: every claim is decided", "None.");
        assertThat(Cases.healthy().flows()).isEqualTo(Optional.empty());
    }

    private static List<String> hrefs(String page) {
        return Pattern.compile("href=\"([^\"]*)\"")
                .matcher(page)
                .results()
                .map(found -> found.group(1))
                .toList();
    }
}
