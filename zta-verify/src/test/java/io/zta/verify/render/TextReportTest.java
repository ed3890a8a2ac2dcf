package io.zta.verify.render;

import static org.assertj.core.api.Assertions.assertThat;

import io.zta.finding.Finding;
import io.zta.finding.Severity;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The report for a terminal. */
final class TextReportTest {
    @ParameterizedTest
    @ValueSource(strings = {"phase-0", "record-manifests", "posture"})
    void lines_keep_to_80_columns_unless_one_word_is_longer(String name) {
        for (String line : Format.TEXT.render(Cases.record(name)).lines().toList()) {
            boolean oneWord = !line.strip().contains(" ");
            assertThat(line.length() <= 80 || oneWord).as(line).isTrue();
        }
    }

    @Test
    void a_healthy_namespace_fits_one_screen() {
        String text = Format.TEXT.render(Cases.healthy());
        assertThat(text.lines().count()).isLessThanOrEqualTo(40);
        assertThat(text).contains("8 of 8 claims proven").contains("Next");
    }

    @Test
    void findings_are_sorted_by_severity() {
        String text = Format.TEXT.render(Cases.everything());
        List<String> order =
                List.of("ZTA-NET-001 error", "ZTA-MESH-001 error", "ZTA-NET-002 warning", "ZTA-OPS-001 note");
        assertThat(text).containsSubsequence(order);
    }

    @Test
    void a_fault_is_written_out_once_and_its_other_ways_are_named() {
        String text = Format.TEXT.render(Cases.record("phase-0"));
        assertThat(text.lines().filter(line -> line.startsWith("ZTA-NET-001"))).hasSize(2);
        assertThat(text.lines().filter(line -> line.startsWith("  also"))).isNotEmpty();
        assertThat(text.replaceAll("\\s+", " "))
                .contains("is open to tools/debug-86d4b86bbd-rjgkp on All Connections", "with services/proxy")
                .containsOnlyOnce("holds the right: rules[2] 3. Group developers runs commands");
    }

    @Test
    void of_very_many_findings_the_rest_is_counted_by_kind() {
        List<Finding> findings = IntStream.range(0, 60)
                .mapToObj(i -> new Finding(
                        "ZTA-NET-001",
                        Severity.ERROR,
                        "NET-direct",
                        "Pod shop/p" + i,
                        "is open",
                        List.of(),
                        List.of(),
                        "close it",
                        ""))
                .toList();
        String text = Format.TEXT.render(Cases.of(findings));
        assertThat(text.lines().filter(line -> line.startsWith("ZTA-NET-001 error Pod")))
                .hasSize(20);
        assertThat(text).contains("ZTA-NET-001 error: 40 findings more, such as Pod shop/p20 is open");
    }

    @Test
    void colour_is_there_only_when_asked_for() {
        assertThat(TextReport.plain().write(Cases.everything())).doesNotContain("\u001b");
        assertThat(TextReport.coloured().write(Cases.everything())).contains("\u001b[31mviolated", "\u001b[33munknown");
    }

    @Test
    void colours_change_nothing_else() {
        String coloured = TextReport.coloured().write(Cases.everything());
        assertThat(coloured.replaceAll("\u001b\\[\\d+m", ""))
                .isEqualTo(TextReport.plain().write(Cases.everything()));
    }

    @Test
    void control_characters_of_a_manifest_do_not_reach_the_terminal() {
        assertThat(TextReport.plain().write(Cases.everything())).doesNotContain("\u0007");
    }
}
