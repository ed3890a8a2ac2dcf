package io.zta.rbac.extras;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.zta.Posture;
import io.zta.ZeroTrust;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What is rendered beside the objects has the form that its consumer documents. Falco itself is not run. */
class ExtrasTest {
    private static final Posture POSTURE = ZeroTrust.namespace("shop")
            .denyDirectAccess()
            .strictMtls()
            .noExecFor("developers")
            .audit();

    /** Fields of k8saudit events that Falco documents and that are used here. */
    private static final Set<String> FIELDS = Set.of(
            "ka.stage",
            "ka.verb",
            "ka.user.name",
            "ka.impuser.name",
            "ka.target.namespace",
            "ka.target.resource",
            "ka.target.name",
            "ka.target.subresource",
            "ka.response.code");

    private static List<JsonNode> documents(String yaml) throws IOException {
        List<JsonNode> documents = new ArrayList<>();
        YAMLMapper mapper = new YAMLMapper();
        try (MappingIterator<JsonNode> all = mapper.readerFor(JsonNode.class).readValues(yaml)) {
            all.forEachRemaining(documents::add);
        }
        return documents;
    }

    @Test
    void falco_rules_have_the_keys_and_fields_that_are_documented() throws IOException {
        // A reader of several values takes the entries of the file's one list.
        List<JsonNode> entries = documents(FalcoRules.of(POSTURE).content());
        Set<String> lists = new TreeSet<>();
        int rules = 0;
        for (JsonNode entry : entries) {
            if (entry.has("list")) {
                lists.add(entry.get("list").asText());
                assertThat(entry.get("items").isArray()).isTrue();
            } else if (entry.has("rule")) {
                rules++;
                Set<String> keys = new TreeSet<>();
                entry.fieldNames().forEachRemaining(keys::add);
                assertThat(keys)
                        .containsExactlyInAnyOrder("rule", "desc", "condition", "output", "priority", "source", "tags");
                assertThat(entry.get("priority").asText())
                        .isIn("EMERGENCY", "ALERT", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG");
                assertThat(entry.get("source").asText()).isEqualTo("k8s_audit");
                String text =
                        entry.get("condition").asText() + entry.get("output").asText();
                Pattern.compile("ka\\.[a-z.]*[a-z]")
                        .matcher(text)
                        .results()
                        .forEach(field -> assertThat(FIELDS).contains(field.group()));
                assertThat(text.chars().filter(c -> c == '(').count())
                        .isEqualTo(text.chars().filter(c -> c == ')').count());
            }
        }
        assertThat(rules).isEqualTo(6);
        assertThat(lists).containsExactly("zta_entry", "zta_namespaces");
    }

    @Test
    void each_gatekeeper_template_has_a_constraint_of_its_kind() throws IOException {
        List<JsonNode> documents = documents(GatekeeperConstraints.of(POSTURE).content());
        assertThat(documents).hasSize(6);
        for (int i = 0; i < documents.size(); i += 2) {
            JsonNode template = documents.get(i);
            JsonNode constraint = documents.get(i + 1);
            String kind = template.at("/spec/crd/spec/names/kind").asText();
            assertThat(template.at("/metadata/name").asText()).isEqualTo(kind.toLowerCase(java.util.Locale.ROOT));
            assertThat(constraint.get("kind").asText()).isEqualTo(kind);
            assertThat(constraint.at("/spec/match/namespaces/0").asText()).isEqualTo("shop");
            assertThat(template.at("/spec/targets/0/rego").asText())
                    .startsWith("package " + template.at("/metadata/name").asText())
                    .contains("violation[{\"msg\": msg}]");
        }
    }
}
