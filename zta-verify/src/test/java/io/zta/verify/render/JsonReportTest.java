package io.zta.verify.render;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import io.zta.finding.Claim;
import io.zta.snapshot.Snapshot;
import io.zta.verify.whatif.WhatIf;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The report for programs, held against its published schema. */
final class JsonReportTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    private static JsonNode resource() throws IOException {
        try (InputStream in = Format.class.getResourceAsStream("/io/zta/report.schema.json")) {
            return JSON.readTree(in);
        }
    }

    private static JsonSchema schema() throws IOException {
        return JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012).getSchema(resource());
    }

    @ParameterizedTest
    @ValueSource(strings = {"phase-0", "record-manifests", "posture"})
    void a_bundled_case_fits_the_schema(String name) throws IOException {
        JsonNode report = JSON.readTree(Format.JSON.render(Cases.record(name)));
        assertThat(schema().validate(report)).isEmpty();
        assertThat(report.get("claims").size()).isPositive();
    }

    @Test
    void every_part_of_a_report_fits_the_schema() throws IOException {
        JsonNode report = JSON.readTree(Format.JSON.render(Cases.everything()));
        assertThat(schema().validate(report)).isEmpty();
        assertThat(report.at("/claims/0/findings/0/title").asText()).isEqualTo("is open: " + Cases.NASTY);
        assertThat(report.at("/damages/0/at/line").asInt()).isEqualTo(3);
        assertThat(report.at("/claims/1/findings/0/evidence/0/at").isMissingNode())
                .isTrue();
    }

    @Test
    void what_would_change_it_fits_the_schema() throws IOException {
        Dossier dossier = Cases.record("posture");
        Snapshot snapshot = Snapshot.of(Cases.RECORD.resolve("posture"));
        JsonNode report = JSON.readTree(
                Format.JSON.render(dossier.turning(WhatIf.of(Cases.posture(), snapshot, Claim.PLAINTEXT))));
        assertThat(schema().validate(report)).isEmpty();
        assertThat(report.at("/whatIf/0/about").asText()).isEqualTo("plaintext, namespace default");
        assertThat(report.at("/whatIf/0/turns/0/verdict").asText()).isEqualTo("violated");
        assertThat(report.at("/whatIf/0/turns/0/edits/0/was").asText()).isEqualTo("STRICT");
        assertThat(report.at("/whatIf/0/turns/0/edits/0/at/line").asInt()).isEqualTo(108);
        assertThat(JSON.readTree(Format.JSON.render(dossier)).has("whatIf")).isFalse();
    }

    @Test
    void the_schema_refuses_what_is_no_report() throws IOException {
        ObjectNode report = (ObjectNode) JSON.readTree(Format.JSON.render(Cases.everything()));
        report.put("surprise", 1);
        assertThat(schema().validate(report)).isNotEmpty();
        ObjectNode vacuous = (ObjectNode) JSON.readTree(Format.JSON.render(Cases.everything()));
        ((ObjectNode) vacuous.at("/claims/0")).putArray("findings");
        assertThat(schema().validate(vacuous)).isNotEmpty();
    }

    @Test
    void the_schema_knows_every_claim() throws IOException {
        List<String> ids = new ArrayList<>();
        resource().at("/$defs/claim/properties/claim/enum").forEach(id -> ids.add(id.asText()));
        assertThat(ids)
                .containsExactlyElementsOf(
                        Arrays.stream(Claim.values()).map(Claim::id).toList());
    }
}
