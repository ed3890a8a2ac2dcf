package io.zta.verify.probe;

import static org.assertj.core.api.Assertions.assertThat;

import io.zta.ZeroTrust;
import io.zta.verify.Catalogue;
import io.zta.verify.probe.RedTeamReport.Outcome;
import io.zta.verify.probe.RedTeamReport.Result;
import io.zta.verify.probe.RedTeamReport.Row;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RedTeamReportTest {
    private static final String TRUSTED = "the nodes";

    private static Row row(String bypass, String trusted, Outcome before, Outcome after) {
        return new Row(bypass, "an attempt", "", trusted, before, after, "");
    }

    private static RedTeamReport report(Row... rows) {
        return RedTeamReport.of(
                "run", List.of(rows), List.of(new Row("", "a use", "", "", Outcome.OPEN, Outcome.OPEN, "")));
    }

    private static Catalogue.Bypass bypass(String id) {
        return Catalogue.find(id).orElseThrow();
    }

    @Test
    void every_row_of_the_catalogue_has_an_attack() {
        List<String> listed =
                RedTeam.listing(ZeroTrust.namespace("shop").denyDirectAccess().strictMtls(), Options.defaults());
        assertThat(Catalogue.all())
                .allSatisfy(bypass -> assertThat(listed).anyMatch(line -> line.startsWith("  " + bypass.id() + "  ")));
    }

    @ParameterizedTest
    @CsvSource({
        "NET-direct, OPEN, CLOSED, CLOSED, 0",
        "NET-direct, OPEN, OPEN, OPEN, 1",
        "NET-direct, UNKNOWN, OPEN, OPEN, 1",
        "NET-direct, CLOSED, CLOSED, NOT_SHOWN, 3",
        "NET-direct, OPEN, UNKNOWN, NOT_SHOWN, 3",
        "NET-direct, NOT_TRIED, NOT_TRIED, NOT_TRIED, 3",
        "NET-node, OPEN, CLOSED, NARROWED, 0",
        "API-csr, OPEN, CLOSED, NARROWED, 0"
    })
    void what_the_posture_should_close(String id, Outcome before, Outcome after, Result result, int exit) {
        RedTeamReport report = report(row(id, "", before, after));
        assertThat(report.result(bypass(id))).isEqualTo(result);
        assertThat(report.exitCode()).isEqualTo(exit);
    }

    @Test
    void what_no_object_closes_is_left_to_trust_and_never_closed() {
        Row stays = row("NET-direct", TRUSTED, Outcome.OPEN, Outcome.OPEN);
        assertThat(report(stays).result(bypass("NET-direct"))).isEqualTo(Result.TRUSTED);
        assertThat(report(stays).exitCode()).isZero();
        RedTeamReport both = report(stays, row("NET-direct", "", Outcome.OPEN, Outcome.CLOSED));
        assertThat(both.result(bypass("NET-direct"))).isEqualTo(Result.NARROWED);
        assertThat(both.text()).contains("narrowed by the posture's objects (1): NET-direct");
        assertThat(report(row("NET-direct", TRUSTED, Outcome.CLOSED, Outcome.OPEN))
                        .result(bypass("NET-direct")))
                .isEqualTo(Result.NOT_SHOWN);
    }

    @Test
    void what_was_not_tried_is_listed_apart_with_its_reason() {
        Row row = new Row("NET-tier", "a policy", "", "", Outcome.NOT_TRIED, Outcome.NOT_TRIED, "no tier is there");
        RedTeamReport report = report(row, row("NET-direct", "", Outcome.OPEN, Outcome.CLOSED));
        assertThat(report.rows()).hasSize(1);
        assertThat(report.exitCode()).isZero();
        assertThat(report.text()).contains("NET-tier         a policy: no tier is there");
        assertThat(report.json())
                .contains("\"NET-tier\" : \"not_tried\"")
                .contains("\"NET-direct\" : \"closed\"")
                .contains("\"detail\" : \"no tier is there\"");
    }

    @Test
    void a_use_that_does_not_work_any_more_fails() {
        RedTeamReport report = new RedTeamReport(
                "run",
                List.of(row("NET-direct", "", Outcome.OPEN, Outcome.CLOSED)),
                List.of(row("", "", Outcome.OPEN, Outcome.CLOSED)),
                List.of());
        assertThat(report.exitCode()).isEqualTo(1);
    }
}
