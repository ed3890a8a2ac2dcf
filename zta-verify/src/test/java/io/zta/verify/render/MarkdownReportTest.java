package io.zta.verify.render;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The report as a comment on a change. */
final class MarkdownReportTest {
    @Test
    void text_of_a_manifest_is_never_markup_or_a_mention() {
        String text = Format.MARKDOWN.render(Cases.everything());
        assertThat(text).doesNotContain("<script>").contains("&lt;script&gt;", "\\*b\\*", "&#64;who", "\\| pipe");
    }

    @ParameterizedTest
    @ValueSource(strings = {"phase-0", "record-manifests", "posture"})
    void fences_are_closed_and_a_comment_stays_below_what_forges_take(String name) {
        String text = Format.MARKDOWN.render(Cases.record(name));
        assertThat(text.lines().filter(line -> line.startsWith("```")).count() % 2)
                .isZero();
        assertThat(text.length()).isLessThan(65_000);
    }

    @Test
    void a_way_in_is_a_mermaid_diagram_of_its_steps() {
        assertThat(Format.MARKDOWN.render(Cases.everything()))
                .contains("```mermaid\nflowchart TD\n  h0[\"tools/debug connects to default/orders TCP 8080\"]\n")
                .contains("  h0 --> h1\n```");
    }

    @Test
    void mermaid_labels_hold_no_character_that_ends_them() {
        FlowMap map = new FlowMap(
                List.of(
                        new FlowMap.Place("a\"b", "x]<y>", "Pod", false),
                        new FlowMap.Place("", "10.0.0.0-10.0.0.9", "", true)),
                List.of(new FlowMap.Flow(0, 1, "TCP 80", false)),
                0);
        assertThat(Mermaid.flows(map)).isEqualTo("""
                flowchart LR
                  subgraph g0["a#quot;b"]
                    p0["x]#lt;y#gt; (Pod)"]
                  end
                  subgraph g1["outside the cluster"]
                    p1["10.0.0.0-10.0.0.9"]
                  end
                  p0 -->|"TCP 80"| p1
                """);
    }
}
