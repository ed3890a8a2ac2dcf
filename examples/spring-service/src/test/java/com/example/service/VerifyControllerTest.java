package com.example.service;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.client.TestRestTemplate;
import org.springframework.http.ResponseEntity;

@SpringBootTest(webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT)
class VerifyControllerTest {
    private static final Path RECORD = Path.of("../record");

    @Autowired
    private TestRestTemplate http;

    private static String manifests(String directory) throws IOException {
        StringBuilder all = new StringBuilder();
        try (Stream<Path> files = Files.list(RECORD.resolve(directory)).sorted()) {
            for (Path file : files.toList()) {
                all.append(Files.readString(file)).append("\n---\n");
            }
        }
        return all.toString();
    }

    @Test
    void an_open_cluster_is_answered_with_the_ways_in() throws IOException {
        ResponseEntity<JsonNode> answer = http.postForEntity(
                "/verify",
                Map.of(
                        "posture", Files.readString(RECORD.resolve("posture.yaml")),
                        "manifests", manifests("phase-0")),
                JsonNode.class);
        assertThat(answer.getStatusCode().value()).isEqualTo(422);
        assertThat(answer.getBody().get("outcome").asText()).isEqualTo("violated");
        assertThat(answer.getBody().toString()).contains("ZTA-NET-001", "tools/debug");
    }

    @Test
    void a_posture_that_cannot_be_read_is_answered_with_its_line() {
        ResponseEntity<String> answer = http.postForEntity(
                "/verify",
                Map.of("posture", "kind: ZeroTrustPosture\nspec: {denyDirectAcces: {}}\n", "manifests", ""),
                String.class);
        assertThat(answer.getStatusCode().value()).isEqualTo(400);
        assertThat(answer.getBody()).contains("posture:");
    }
}
