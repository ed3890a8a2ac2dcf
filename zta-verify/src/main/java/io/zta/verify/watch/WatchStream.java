package io.zta.verify.watch;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.http.AsyncBody;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The changes of one kind, from a version on. A connection that was cut without a word looks like one on which nothing
 * happens, so every one of them is asked to end after a while: one that does not is dead. The next goes on from the last
 * version heard, so that nothing is missed in between. Thread-safe.
 */
final class WatchStream implements AutoCloseable {
    /** Hears of changes, on threads of the HTTP client. */
    interface Hears {
        /** The object is now as given, or was so when it went. */
        void changed(JsonNode object, boolean gone);
    }

    /** How late an answer may be. */
    static final Duration ANSWER = Duration.ofSeconds(5);

    /** One that ends sooner is not opened again at once. */
    private static final Duration SHORT = Duration.ofMillis(500);

    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final KubernetesClient client;
    private final String path;
    private final Duration length;
    private final Hears hears;
    private final CompletableFuture<Void> decided = new CompletableFuture<>();
    private volatile String version;
    private volatile @Nullable Connection connection;
    private volatile Optional<String> problem = Optional.empty();

    private WatchStream(KubernetesClient client, String path, String version, Duration length, Hears hears) {
        this.client = client;
        this.path = path;
        this.version = version;
        this.length = length;
        this.hears = hears;
    }

    /**
     * Begins to hear of what happens after that version.
     *
     * @param path the collection's
     * @param length after how long the API server is asked to end a connection; whole seconds, at least one
     */
    static WatchStream open(KubernetesClient client, String path, String version, Duration length, Hears hears) {
        WatchStream stream = new WatchStream(client, path, version, length, hears);
        stream.connect();
        return stream;
    }

    /** Completes when the first connection is up or is known not to be. */
    CompletableFuture<Void> decided() {
        return decided;
    }

    /** Why what was heard may not be all that happened; empty where it is. */
    Optional<String> lost() {
        @Nullable Connection now = connection;
        if (problem.isPresent() || now == null) {
            return problem;
        }
        Duration age = Duration.ofNanos(System.nanoTime() - now.since);
        if (!now.up && age.compareTo(ANSWER) > 0) {
            return Optional.of("the API server did not open the watch within " + ANSWER.toSeconds() + " s");
        }
        return age.compareTo(length.plus(ANSWER)) > 0
                ? Optional.of(
                        "the watch was to end after " + length.toSeconds() + " s and did not: its connection is dead")
                : Optional.empty();
    }

    @SuppressWarnings("FutureReturnValueIgnored") // both outcomes are heard
    private void connect() {
        Connection next = new Connection();
        connection = next;
        String base = client.getMasterUrl().toString().replaceFirst("/+$", "");
        HttpRequest request = client.getHttpClient()
                .newHttpRequestBuilder()
                .uri(base + path + "?watch=true&allowWatchBookmarks=true&resourceVersion=" + version
                        + "&timeoutSeconds=" + length.toSeconds())
                .header("Accept", "application/json")
                .forStreaming()
                .build();
        client.getHttpClient().consumeBytes(request, next).whenComplete((response, failure) -> {
            if (failure == null) {
                next.answered(response);
            } else {
                next.fail(reason(failure));
            }
        });
    }

    private static String reason(Throwable failure) {
        Throwable cause = failure.getCause() == null ? failure : failure.getCause();
        return cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
    }

    @Override
    public void close() {
        @Nullable Connection last = connection;
        connection = null;
        if (last != null) {
            last.cancel();
        }
    }

    /** One request; what a former one still says is not listened to. */
    private final class Connection implements AsyncBody.Consumer<List<ByteBuffer>> {
        private final long since = System.nanoTime();
        private final ByteArrayOutputStream line = new ByteArrayOutputStream();
        private volatile boolean up;
        private volatile @Nullable AsyncBody body;

        @SuppressWarnings("FutureReturnValueIgnored") // both outcomes are heard
        void answered(HttpResponse<AsyncBody> response) {
            body = response.body();
            if (connection != this) {
                response.body().cancel();
                return;
            }
            boolean refused = response.code() != 200;
            if (!refused) {
                up = true;
                decided.complete(null);
            }
            response.body().done().whenComplete((done, cut) -> {
                if (refused) {
                    fail(message(parse(line.toString(StandardCharsets.UTF_8)), "HTTP " + response.code()));
                } else {
                    ended();
                }
            });
            response.body().consume();
        }

        @Override
        public void consume(List<ByteBuffer> buffers, AsyncBody from) {
            for (ByteBuffer buffer : buffers) {
                while (buffer.hasRemaining()) {
                    byte next = buffer.get();
                    line.write(next);
                    if (next == '\n' && up) {
                        heard(parse(line.toString(StandardCharsets.UTF_8)));
                        line.reset();
                    }
                }
            }
            from.consume();
        }

        private void heard(JsonNode event) {
            if (connection != this) {
                return;
            }
            JsonNode object = event.path("object");
            switch (event.path("type").asText()) {
                case "ADDED", "MODIFIED" -> hears.changed(object, false);
                case "DELETED" -> hears.changed(object, true);
                case "BOOKMARK" -> {}
                default -> {
                    fail(message(object, "an event that is not understood"));
                    return;
                }
            }
            version = object.path("metadata").path("resourceVersion").asText(version);
        }

        /** Ended or cut: what happens from now on is sent when it is opened again. */
        private void ended() {
            if (connection != this || problem.isPresent()) {
                return;
            }
            if (System.nanoTime() - since < SHORT.toNanos()) {
                fail("the API server ended the watch at once");
            } else {
                connect();
            }
        }

        private void fail(String why) {
            if (connection == this && problem.isEmpty()) {
                problem = Optional.of(why);
                decided.complete(null);
                cancel();
            }
        }

        void cancel() {
            @Nullable AsyncBody open = body;
            if (open != null) {
                open.cancel();
            }
        }
    }

    /** A JSON text; an empty object where it is none. */
    static JsonNode parse(String text) {
        try {
            return MAPPER.readTree(text);
        } catch (JsonProcessingException e) {
            return MAPPER.createObjectNode();
        }
    }

    private static String message(JsonNode status, String otherwise) {
        String message = status.path("message").asText("");
        return message.isEmpty() ? otherwise : message;
    }
}
