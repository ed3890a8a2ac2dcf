package io.zta.verify.render;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import io.zta.finding.Severity;
import io.zta.snapshot.Origin;
import io.zta.verify.internal.Fingerprint;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** SARIF, held against the schema that OASIS publishes, which a test dependency carries. */
final class SarifReportTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    private static JsonSchema schema() throws IOException {
        try (InputStream in = SarifReportTest.class.getResourceAsStream("/schema/sarif-schema-2.1.0.json")) {
            return JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V7).getSchema(JSON.readTree(in));
        }
    }

    private static JsonNode run(Dossier dossier) throws IOException {
        JsonNode log = JSON.readTree(Format.SARIF.render(dossier));
        assertThat(schema().validate(log)).isEmpty();
        assertThat(log.get("version").asText()).isEqualTo("2.1.0");
        return log.at("/runs/0");
    }

    @ParameterizedTest
    @ValueSource(strings = {"phase-0", "record-manifests", "posture"})
    void a_bundled_case_fits_the_schema_of_oasis(String name) throws IOException {
        JsonNode run = run(Cases.record(name));
        Set<String> prints = new HashSet<>();
        for (JsonNode result : run.get("results")) {
            JsonNode rule =
                    run.at("/tool/driver/rules/" + result.get("ruleIndex").asInt());
            assertThat(rule.get("id")).isEqualTo(result.get("ruleId"));
            assertThat(prints.add(
                            result.at("/partialFingerprints/ztaFinding~1v1").asText()))
                    .as("each result has a fingerprint of its own: " + result.get("message"))
                    .isTrue();
        }
    }

    @Test
    void the_schema_is_a_test_that_can_fail() throws IOException {
        JsonNode log = JSON.readTree(
                Format.SARIF.render(Cases.everything()).replace("\"kind\": \"fail\"", "\"kind\": \"failed\""));
        assertThat(schema().validate(log)).isNotEmpty();
    }

    @Test
    void a_finding_points_at_its_line_with_the_path_encoded() throws IOException {
        JsonNode first = run(Cases.everything()).at("/results/0/locations/0/physicalLocation");
        assertThat(first.at("/artifactLocation/uri").asText()).isEqualTo("cluster/shop%20policies.yaml");
        assertThat(first.at("/region/startLine").asInt()).isEqualTo(12);
        assertThat(first.at("/region/startColumn").asInt()).isEqualTo(5);
    }

    @Test
    void a_missing_object_points_at_the_line_of_the_posture_that_asks_for_it() throws IOException {
        for (JsonNode result : run(Cases.everything()).get("results")) {
            if (result.get("ruleId").asText().equals("ZTA-MESH-001")) {
                JsonNode place = result.at("/locations/0/physicalLocation");
                assertThat(place.at("/artifactLocation/uri").asText()).isEqualTo("posture.yaml");
                assertThat(place.at("/region/startLine").asInt()).isEqualTo(7);
                return;
            }
        }
        throw new AssertionError("no result ZTA-MESH-001");
    }

    @Test
    void what_is_not_known_is_open_and_what_was_not_read_is_a_notification() throws IOException {
        JsonNode run = run(Cases.everything());
        List<String> kinds = new ArrayList<>();
        run.get("results").forEach(result -> kinds.add(result.get("kind").asText()));
        assertThat(kinds).containsExactly("fail", "fail", "fail", "fail", "open");
        assertThat(run.at("/invocations/0/toolExecutionNotifications/0/message/text")
                        .asText())
                .startsWith("a tab indents");
    }

    @Test
    void a_fingerprint_stays_when_file_line_and_place_in_a_list_change() {
        String here = Fingerprint.of(Cases.finding(
                "ZTA-NET-001", Severity.ERROR, "NetworkPolicy default/a", "is open", new Origin("a.yaml", 3, 1)));
        String there = Fingerprint.of(Cases.finding(
                "ZTA-NET-001",
                Severity.ERROR,
                "NetworkPolicy default/a",
                "is wide open",
                new Origin("b/c.yaml", 90, 7)));
        String other = Fingerprint.of(Cases.finding(
                "ZTA-NET-001", Severity.ERROR, "NetworkPolicy default/z", "is open", new Origin("a.yaml", 3, 1)));
        assertThat(there).isEqualTo(here);
        assertThat(other).isNotEqualTo(here);
    }

    @ParameterizedTest
    @CsvSource({
        "cluster/shop policies.yaml, cluster/shop%20policies.yaml",
        "./cluster/a.yaml, cluster/a.yaml",
        "cluster/./b/../a.yaml, cluster/a.yaml",
        "../../other/a.yaml, ../../other/a.yaml",
        "/srv/zta/ä#1.yaml, file:///srv/zta/%C3%A4%231.yaml",
        "C:\\clusters\\shop one\\a.yaml, file:///C:/clusters/shop%20one/a.yaml",
        "d:/a.yaml, file:///d:/a.yaml",
        "\\\\host\\share\\a.yaml, file://host/share/a.yaml",
        "cluster\\a.yaml, cluster/a.yaml",
        "file:///srv/a%20b.yaml, file:///srv/a%20b.yaml",
        "odd:name.yaml, odd%3Aname.yaml"
    })
    void a_path_becomes_a_uri(String source, String uri) {
        assertThat(SarifReport.uri(source)).isEqualTo(uri);
        assertThat(URI.create(uri)).hasToString(uri);
    }
}
