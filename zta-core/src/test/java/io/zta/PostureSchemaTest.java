package io.zta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SchemaValidatorsConfig;
import com.networknt.schema.SpecVersion;
import io.zta.intent.Enforcement;
import io.zta.intent.Gateway;
import io.zta.intent.Phase;
import io.zta.intent.PodSecurity;
import io.zta.intent.Port;
import io.zta.intent.PostureException;
import io.zta.intent.Subject;
import io.zta.intent.TokenIssuer;
import io.zta.intent.Workload;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** The published JSON Schema and the reader agree on what a posture is. */
class PostureSchemaTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final JsonNode DOCUMENT = load();
    private static final JsonSchema SCHEMA = JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012)
            .getSchema(DOCUMENT, SchemaValidatorsConfig.builder().build());

    /** What the reader refuses and no schema can: values that only together are wrong. */
    private static final List<String> BEYOND =
            List.of("contradicts", "a range starts with the lower one", "needs a positive longest duration");

    private static JsonNode load() {
        try (InputStream in = PostureSchemaTest.class.getResourceAsStream("/io/zta/posture.schema.json")) {
            return JSON.readTree(in);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Postures of every call there is, in every variant that is written in a way of its own. */
    static Posture random(Random random) {
        List<UnaryOperator<Posture>> calls = new ArrayList<>(List.of(
                Intents::denyDirectAccess,
                p -> p.onlyWorkloads(Workload.labelled("app", random.nextBoolean() ? "orders" : "8080")),
                p -> p.onPorts(8080, 1 + random.nextInt(65535)),
                p -> p.throughGateway(gateway(random)),
                Intents::allowWithinNamespace,
                p -> p.allowFrom(Workload.labelled("app", "web").in("web").as("web"))
                        .onPort(8080),
                p -> p.allowFrom(Workload.all()).onPort(Port.udp(53)),
                p -> p.allowFrom(Workload.inNamespace("batch")).onPort(Port.tcpRange(9000, 9010)),
                p -> p.denyEgress().allowTo(Workload.inNamespace("db")).onPort(5432),
                p -> p.denyEgress().allowToAddresses("203.0.113.0/24").onAnyPort(),
                p -> p.requireJwt(TokenIssuer.of("https://issuer.example").forAudiences("a")),
                p -> p.authorizedBy("opa"),
                p -> p.podSecurity(PodSecurity.BASELINE),
                p -> p.noExecFor("developers"),
                p -> p.noExecFor(Subject.user("jane \"doe\"")),
                p -> p.keepExecFor(Subject.serviceAccount("ops", "backup")),
                Intents::denyByNameOnly,
                p -> p.admission(Enforcement.WARN),
                random.nextBoolean() ? Intents::withoutGuard : p -> p.appliedBy(Subject.group("platform")),
                Intents::audit,
                p -> p.breakGlass(Subject.group("oncall"), Duration.ofSeconds(1 + random.nextInt(9000))),
                Intents::repairDrift));
        Collections.shuffle(calls, random);
        Posture posture = random.nextInt(3) > 0
                ? ZeroTrust.namespace("shop").strictMtls()
                : ZeroTrust.namespaces("shop", "pay").denyDirectAccess();
        for (UnaryOperator<Posture> call : calls.subList(0, random.nextInt(calls.size()))) {
            posture = call.apply(posture);
        }
        return random.nextBoolean() ? posture : posture.named("strict").upTo(Phase.values()[random.nextInt(5)]);
    }

    private static Gateway gateway(Random random) {
        return switch (random.nextInt(4)) {
            case 0 -> Gateway.istio("edge", "istio-public");
            case 1 -> Gateway.helm("edge", "public");
            case 2 -> Gateway.gatewayApi("edge", "public", "istio");
            default -> Gateway.custom("edge", Map.of("role", "edge"), "edge");
        };
    }

    private static JsonNode tree(Posture posture) throws IOException {
        return JSON.valueToTree(PostureWriter.document(posture));
    }

    private static boolean fits(JsonNode document) {
        return SCHEMA.validate(document).isEmpty();
    }

    /** What the reader says against a document; empty where it takes it. */
    private static Optional<String> refusal(JsonNode document) {
        try {
            Posture.parse("posture.json", document.toString());
            return Optional.empty();
        } catch (PostureException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    @Test
    void what_the_writer_writes_is_valid() throws IOException {
        Random random = new Random(7);
        for (int round = 0; round < 500; round++) {
            JsonNode document = tree(random(random));
            assertThat(SCHEMA.validate(document)).as(document.toPrettyString()).isEmpty();
        }
    }

    @Test
    void reader_and_schema_agree_on_documents_with_a_change() throws IOException {
        Random random = new Random(11);
        int accepted = 0;
        int refused = 0;
        for (int round = 0; round < 4000; round++) {
            JsonNode document = tree(random(random));
            change((ObjectNode) document, random);
            Optional<String> refusal = refusal(document);
            boolean fits = fits(document);
            if (fits && refusal.isPresent()) {
                assertThat(BEYOND).as(refusal.get() + document).anyMatch(refusal.get()::contains);
            } else {
                assertThat(fits).as(refusal + "\n" + document.toPrettyString()).isEqualTo(refusal.isEmpty());
            }
            if (fits) {
                accepted++;
            } else {
                refused++;
            }
        }
        assertThat(accepted).isGreaterThan(200);
        assertThat(refused).isGreaterThan(200);
    }

    /** Takes away, replaces, renames or adds one value, somewhere below. */
    private static void change(ObjectNode document, Random random) throws IOException {
        List<JsonNode> containers = new ArrayList<>();
        collect(document, containers);
        JsonNode chosen = containers.get(random.nextInt(containers.size()));
        JsonNode value = JSON.readTree(List.of(
                        "null",
                        "{}",
                        "[]",
                        "true",
                        "false",
                        "1",
                        "70000",
                        "-3",
                        "1.5",
                        "\"\"",
                        "\"x\"",
                        "\"a/b\"",
                        "\"Bad_Name\"",
                        "[1]",
                        "[\"a\"]",
                        "[null]",
                        "{\"a\":\"b\"}",
                        "{\"group\":\"a\"}",
                        "\"none\"",
                        "\"kube-system\"",
                        "\"system:masters\"",
                        "\"1h\"",
                        "\"0s\"",
                        "\" \"",
                        "[{}]",
                        "\"custom\"")
                .get(random.nextInt(26)));
        if (chosen instanceof ObjectNode map) {
            List<String> keys = new ArrayList<>();
            map.fieldNames().forEachRemaining(keys::add);
            String key = keys.isEmpty() ? "" : keys.get(random.nextInt(keys.size()));
            switch (keys.isEmpty() ? 3 : random.nextInt(4)) {
                case 0 -> map.remove(key);
                case 1 -> map.set(key, value);
                case 2 -> map.set(key + "s", map.remove(key));
                default -> {
                    List<String> known = new ArrayList<>();
                    DOCUMENT.at("/properties/spec/properties").fieldNames().forEachRemaining(known::add);
                    map.set(known.get(random.nextInt(known.size())), value);
                }
            }
        } else if (chosen instanceof ArrayNode list) {
            if (list.isEmpty() || random.nextBoolean()) {
                list.add(value);
            } else if (random.nextBoolean()) {
                list.remove(random.nextInt(list.size()));
            } else {
                list.set(random.nextInt(list.size()), value);
            }
        }
    }

    private static void collect(JsonNode node, List<JsonNode> containers) {
        if (node.isContainerNode()) {
            containers.add(node);
            node.forEach(child -> collect(child, containers));
        }
    }

    @Test
    void bad_documents_are_refused_by_both() throws IOException {
        String head = "{\"apiVersion\":\"zta.io/v1alpha1\",\"kind\":\"ZeroTrustPosture\",\"spec\":";
        List<String> specs = List.of(
                "{}",
                "[]",
                "null",
                "{\"strictMtl\":{}}",
                "{\"strictMtls\":{\"mode\":\"STRICT\"}}",
                "{\"strictMtls\":\"yes\"}",
                "{\"strictMtls\":false}",
                "{\"strictMtls\":{},\"permissiveMtls\":{}}",
                "{\"denyDirectAccess\":{\"ports\":[]}}",
                "{\"denyDirectAccess\":{\"ports\":[\"http\"]}}",
                "{\"denyDirectAccess\":{\"ports\":[0]}}",
                "{\"denyDirectAccess\":{\"ports\":[{\"port\":1,\"proto\":\"UDP\"}]}}",
                "{\"denyDirectAccess\":{\"workloads\":{}}}",
                "{\"denyDirectAccess\":{\"gateway\":null}}",
                "{\"gateway\":{\"kind\":\"nginx\"}}",
                "{\"gateway\":{\"kind\":\"custom\",\"labels\":{\"a\":\"b\"}}}",
                "{\"gateway\":{\"class\":\"istio\"}}",
                "{\"noExecFor\":null}",
                "{\"noExecFor\":[\"developers\"]}",
                "{\"noExecFor\":[{\"group\":\"a\",\"user\":\"b\"}]}",
                "{\"noExecFor\":[{\"group\":\"system:authenticated\"}]}",
                "{\"noExecFor\":[{\"serviceAccount\":\"builder\"}]}",
                "{\"requireJwt\":null}",
                "{\"requireJwt\":{\"jwksUri\":\"https://a\"}}",
                "{\"requireJwt\":{\"issuer\":\"a\",\"jwksUri\":[\"https://a\"]}}",
                "{\"requireJwt\":{\"issuer\":\"a\",\"jwks\":\"{}\",\"jwksUri\":\"https://a\"}}",
                "{\"authorizedBy\":\"\"}",
                "{\"podSecurity\":\"privileged\"}",
                "{\"admission\":\"audit\"}",
                "{\"breakGlass\":[{\"subject\":{\"group\":\"a\"},\"longest\":\"soon\"}]}",
                "{\"breakGlass\":[{\"subject\":{\"group\":\"a\"},\"longest\":\"0m\"}]}",
                "{\"breakGlass\":[{\"subject\":{\"group\":\"a\"}}]}",
                "{\"allow\":[{\"ports\":[1]}],\"audit\":{}}",
                "{\"allow\":[{\"from\":{\"namespace\":[\"web\"]}}]}",
                "{\"denyEgress\":{\"allow\":[{\"ports\":[1]}]}}",
                "{\"denyEgress\":{\"allow\":[{\"addresses\":\"everywhere\"}]}}",
                "{\"phase\":\"9\",\"audit\":{}}",
                "{\"phase\":9,\"audit\":{}}",
                "{\"drift\":\"heal\"}",
                "{\"namespaces\":[],\"audit\":{}}",
                "{\"namespaces\":[\"kube-system\"],\"audit\":{}}",
                "{\"namespaces\":[\"Shop\"],\"audit\":{}}");
        for (String spec : specs) {
            JsonNode document = JSON.readTree(head + spec + "}");
            assertThat(fits(document)).as("schema on " + spec).isFalse();
            assertThat(refusal(document)).as("reader on " + spec).isPresent();
        }
        for (String whole : List.of(
                head + "{\"audit\":{}},\"extra\":1}",
                head + "{\"audit\":{}},\"metadata\":{\"name\":\"Not A Name\"}}",
                head + "{\"audit\":{}},\"metadata\":{\"namespace\":{\"a\":1}}}",
                head.replace("v1alpha1", "v2") + "{\"audit\":{}}}")) {
            assertThat(fits(JSON.readTree(whole))).as(whole).isFalse();
            assertThat(refusal(JSON.readTree(whole))).as(whole).isPresent();
        }
    }

    @Test
    void every_key_is_explained() {
        List<String> bare = new ArrayList<>();
        DOCUMENT.at("/properties/spec/properties").fields().forEachRemaining(field -> {
            if (field.getValue().path("description").asText().isBlank()
                    && field.getValue().path("type").asText().isBlank()) {
                bare.add(field.getKey());
            }
        });
        assertThat(bare).isEmpty();
    }

    @Test
    void a_name_that_no_object_can_have_is_refused_by_the_call_as_well() {
        assertThatThrownBy(() -> ZeroTrust.namespace("a").audit().named("Not A Name"))
                .isInstanceOf(PostureException.class)
                .hasMessageContaining("can't be the name of a posture");
    }
}
