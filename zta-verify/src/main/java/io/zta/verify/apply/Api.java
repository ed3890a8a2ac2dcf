package io.zta.verify.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.RequestConfig;
import io.fabric8.kubernetes.client.RequestConfigBuilder;
import io.fabric8.kubernetes.client.http.HttpClient;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import io.fabric8.kubernetes.client.http.Interceptor;
import io.zta.verify.apply.ApplyException.Reason;
import java.net.ConnectException;
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
 * The API server as JSON over the client's own HTTP connection, which brings its authentication and impersonation, but
 * not its retries: those go on after we have given up, and write again what was taken back by then. A request is sent
 * again only where it can't have been carried out, and the API server is told to give up on it before we do. Typed models
 * are not used to read: they drop what they do not know.
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
    private final HttpClient http;
    private final AtomicInteger calls = new AtomicInteger();
    /** Plurals by apiVersion and kind, one discovery call for each group version. */
    private final Map<String, Map<String, String>> plurals = new ConcurrentHashMap<>();

    /**
     * @param timeout how long the API server may work on one request; its answer is waited for twice as long
     */
    Api(KubernetesClient client, Duration timeout) {
        this.client = client;
        this.timeout = timeout;
        this.http = withoutRetries(client);
    }

    private static HttpClient withoutRetries(KubernetesClient client) {
        HttpClient http = client.getHttpClient();
        RequestConfig config = http instanceof Interceptor.RequestTags tags ? tags.getTag(RequestConfig.class) : null;
        return http.newBuilder()
                .tag(new RequestConfigBuilder(
                                config == null ? client.getConfiguration().getRequestConfig() : config)
                        .withRequestRetryBackoffLimit(0)
                        .build())
                .build();
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

    /** Sends a request, and again after a pause where the API server did not take it on, for as long as an answer may take. */
    Answer send(String method, String path, String contentType, @Nullable String body) {
        long end = System.nanoTime() + patience().toNanos();
        String limited = path + (path.contains("?") ? "&" : "?") + "timeout=" + Math.max(1, timeout.toSeconds()) + "s";
        for (long pause = 250; ; pause *= 2) {
            calls.incrementAndGet();
            Optional<HttpResponse<byte[]>> response = attempt(method, limited, contentType, body, end, pause);
            if (response.isPresent() && !(comeBack(response.get()) && waited(pause(response.get(), pause), end))) {
                byte[] content = response.get().body();
                return new Answer(
                        response.get().code(),
                        answer(content == null ? "" : new String(content, StandardCharsets.UTF_8)));
            }
        }
    }

    private Duration patience() {
        return timeout.multipliedBy(2);
    }

    /** Empty where no connection came about, and there is time to try again, which is after the pause. */
    private Optional<HttpResponse<byte[]>> attempt(
            String method, String path, String contentType, @Nullable String body, long end, long pause) {
        HttpRequest request = http.newHttpRequestBuilder()
                .uri(client.getMasterUrl().toString().replaceFirst("/+$", "") + path)
                .method(method, contentType, body)
                .timeout(patience().toMillis(), TimeUnit.MILLISECONDS)
                .header("Accept", JSON)
                .build();
        CompletableFuture<HttpResponse<byte[]>> future = http.sendAsync(request, byte[].class);
        try {
            return Optional.of(future.get(patience().toMillis(), TimeUnit.MILLISECONDS));
        } catch (InterruptedException e) {
            throw interrupted(method + " " + path);
        } catch (TimeoutException e) {
            future.cancel(true);
            throw noAnswer(method, path, "within " + patience().toMillis() + " ms");
        } catch (ExecutionException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            if ((cause instanceof ConnectException || method.equals("GET")) && waited(pause, end)) {
                return Optional.empty();
            }
            throw noAnswer(
                    method,
                    path,
                    "(" + cause.getClass().getSimpleName()
                            + (cause.getMessage() == null ? "" : ": " + cause.getMessage()) + ")");
        }
    }

    /** Whether the API server asks to be asked again: it says so with Retry-After, and has done nothing then. */
    private static boolean comeBack(HttpResponse<?> response) {
        return response.code() == 429 || response.code() >= 500 && response.header("Retry-After") != null;
    }

    private static long pause(HttpResponse<?> response, long otherwise) {
        String seconds = response.header("Retry-After");
        return seconds != null && seconds.matches("[0-9]{1,4}") ? Long.parseLong(seconds) * 1000 : otherwise;
    }

    private static boolean waited(long millis, long end) {
        if (System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis) >= end) {
            return false;
        }
        try {
            TimeUnit.MILLISECONDS.sleep(millis);
            return true;
        } catch (InterruptedException e) {
            throw interrupted("the API server");
        }
    }

    private static ApplyException interrupted(String what) {
        Thread.currentThread().interrupt();
        return new ApplyException(Reason.REFUSED, "interrupted while waiting for " + what);
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
