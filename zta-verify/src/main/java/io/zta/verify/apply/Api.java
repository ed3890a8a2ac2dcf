package io.zta.verify.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.http.HttpClient;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import io.zta.verify.apply.ApplyException.Reason;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The API server as JSON over the client's own HTTP connection, which brings its authentication, impersonation and its
 * retries on 429 and 5xx. Typed models are not used to read: they drop what they do not know.
 */
final class Api {
    static final String MANAGER = "zta";
    private static final String APPLY = "application/apply-patch+yaml";
    private static final String JSON = "application/json";

    /** An answer of the API server: its code and body. */
    record Answer(int code, JsonNode body) {
        boolean ok() {
            return code >= 200 && code < 300;
        }

        boolean conflict() {
            return code == 409;
        }

        ObjectNode object() {
            return (ObjectNode) body;
        }

        String message() {
            String message = body.path("message").asText("");
            return code + " " + (message.isEmpty() ? body.path("reason").asText("no message") : message);
        }
    }

    private final KubernetesClient client;
    private final Duration timeout;
    private final AtomicInteger calls = new AtomicInteger();
    /** Plurals by apiVersion and kind, one discovery call for each group version. */
    private final Map<String, Map<String, String>> plurals = new ConcurrentHashMap<>();

    Api(KubernetesClient client, Duration timeout) {
        this.client = client;
        this.timeout = timeout;
    }

    KubernetesClient client() {
        return client;
    }

    /** How many requests were sent so far. */
    int calls() {
        return calls.get();
    }

    /** The path of an object's collection. */
    String collection(ObjectRef ref) {
        String plural = plurals(ref.apiVersion()).get(ref.kind());
        if (plural == null) {
            throw new ApplyException(
                    Reason.REFUSED,
                    "The cluster has no kind " + ref.kind() + " in " + ref.apiVersion() + ", which " + ref
                            + " needs. Install what serves it (Istio for security.istio.io), or leave the protection out.");
        }
        String root = root(ref.apiVersion());
        return ref.namespace().isEmpty() ? root + "/" + plural : root + "/namespaces/" + ref.namespace() + "/" + plural;
    }

    private static String root(String apiVersion) {
        return apiVersion.contains("/") ? "/apis/" + apiVersion : "/api/" + apiVersion;
    }

    private Map<String, String> plurals(String apiVersion) {
        @Nullable Map<String, String> known = plurals.get(apiVersion);
        if (known != null) {
            return known;
        }
        Answer answer = get(root(apiVersion));
        Map<String, String> found = new HashMap<>();
        if (answer.ok()) {
            for (JsonNode resource : answer.body().path("resources")) {
                if (!resource.path("name").asText().contains("/")) {
                    found.put(
                            resource.path("kind").asText(),
                            resource.path("name").asText());
                }
            }
            plurals.put(apiVersion, found);
        } else if (answer.code() != 404) {
            throw refused("the kinds of " + apiVersion + " can't be read", answer);
        }
        return found;
    }

    private String path(ObjectRef ref) {
        return collection(ref) + "/" + ref.name();
    }

    Answer get(String path) {
        return send("GET", path, JSON, null);
    }

    /** The object as it is now. */
    Optional<ObjectNode> find(ObjectRef ref) {
        Answer answer = get(path(ref));
        if (answer.code() == 404) {
            return Optional.empty();
        }
        if (!answer.ok()) {
            throw refused(ref + " can't be read", answer);
        }
        return Optional.of(answer.object());
    }

    /** All objects of a kind in a namespace, or in all where it is empty, by pages. */
    List<ObjectNode> list(String apiVersion, String kind, String namespace, String query) {
        ObjectRef any = new ObjectRef(apiVersion, kind, namespace, "");
        List<ObjectNode> all = new ArrayList<>();
        String next = "";
        do {
            Answer answer = get(collection(any) + "?limit=500" + (query.isEmpty() ? "" : "&" + query) + next);
            if (!answer.ok()) {
                throw refused(kind + " can't be listed", answer);
            }
            for (JsonNode item : answer.body().path("items")) {
                ObjectNode object = item.deepCopy();
                object.put("apiVersion", apiVersion);
                object.put("kind", kind);
                all.add(object);
            }
            String token = answer.body().path("metadata").path("continue").asText("");
            next = token.isEmpty() ? "" : "&continue=" + encode(token);
        } while (!next.isEmpty());
        return all;
    }

    /** Server-side apply. */
    Answer apply(JsonNode object, boolean dryRun, boolean force) {
        ObjectRef ref = Json.ref(object);
        return send(
                "PATCH",
                path(ref) + "?fieldManager=" + MANAGER + "&fieldValidation=Strict" + (dryRun ? "&dryRun=All" : "")
                        + (force ? "&force=true" : ""),
                APPLY,
                Json.text(object));
    }

    Answer create(JsonNode object, boolean dryRun) {
        return send(
                "POST",
                collection(Json.ref(object)) + "?fieldManager=" + MANAGER + (dryRun ? "&dryRun=All" : ""),
                JSON,
                Json.text(object));
    }

    Answer replace(JsonNode object) {
        return send("PUT", path(Json.ref(object)) + "?fieldManager=" + MANAGER, JSON, Json.text(object));
    }

    /** Deletes exactly the object with that UID and resourceVersion; 409 where it is another by now. */
    Answer delete(ObjectRef ref, String uid, String resourceVersion, boolean dryRun) {
        ObjectNode options = Json.MAPPER.createObjectNode();
        options.put("apiVersion", "v1").put("kind", "DeleteOptions").put("propagationPolicy", "Background");
        ObjectNode preconditions = options.putObject("preconditions");
        if (!uid.isEmpty()) {
            preconditions.put("uid", uid);
        }
        if (!resourceVersion.isEmpty()) {
            preconditions.put("resourceVersion", resourceVersion);
        }
        return send("DELETE", path(ref) + (dryRun ? "?dryRun=All" : ""), JSON, Json.text(options));
    }

    Answer send(String method, String path, String contentType, @Nullable String body) {
        calls.incrementAndGet();
        String base = client.getMasterUrl().toString().replaceFirst("/+$", "");
        HttpClient http = client.getHttpClient();
        HttpRequest request = http.newHttpRequestBuilder()
                .uri(base + path)
                .method(method, contentType, body)
                .timeout(timeout.toMillis(), TimeUnit.MILLISECONDS)
                .header("Accept", JSON)
                .build();
        CompletableFuture<HttpResponse<byte[]>> future = http.sendAsync(request, byte[].class);
        try {
            HttpResponse<byte[]> response = future.get(timeout.toMillis() * 2, TimeUnit.MILLISECONDS);
            String text = response.body() == null ? "" : new String(response.body(), StandardCharsets.UTF_8);
            return new Answer(response.code(), answer(text));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ApplyException(Reason.REFUSED, "interrupted while waiting for " + method + " " + path);
        } catch (TimeoutException e) {
            future.cancel(true);
            throw noAnswer(method, path, "within " + timeout.toMillis() * 2 + " ms");
        } catch (ExecutionException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            throw noAnswer(
                    method,
                    path,
                    "(" + cause.getClass().getSimpleName()
                            + (cause.getMessage() == null ? "" : ": " + cause.getMessage()) + ")");
        }
    }

    private static JsonNode answer(String text) {
        if (text.isBlank()) {
            return Json.MAPPER.createObjectNode();
        }
        try {
            return Json.parse(text);
        } catch (IllegalArgumentException e) {
            return Json.MAPPER.createObjectNode().put("message", text.strip());
        }
    }

    private static ApplyException noAnswer(String method, String path, String why) {
        return new ApplyException(
                Reason.REFUSED,
                "The API server did not answer " + method + " " + path + " " + why
                        + ". Whether a write arrived is not known: `status` tells, apply or rollback completes it.");
    }

    static ApplyException refused(String what, Answer answer) {
        return new ApplyException(Reason.REFUSED, "The API server refused: " + what + ": " + answer.message() + ".");
    }

    static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }
}
