package io.zta.verify.it;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Stands before a real API server, on this machine alone, counts what is asked, and fails as a test tells it to. */
final class ApiProxy implements AutoCloseable {
    /** What to do with a request. */
    sealed interface Fault {
        /** Answers this, without asking the API server. */
        record Answer(int code, String reason, String message) implements Fault {}

        /** Answers as if it had created what was sent, and does nothing. */
        record Swallowed() implements Fault {}

        /** Answers with that document, without asking the API server. */
        record Document(String json) implements Fault {}

        /** Hands the request on, and never answers. */
        record Silence() implements Fault {}

        /** Goes away, and is back after that long. */
        record Away(Duration length) implements Fault {}
    }

    /** Decides by request; null where it is to be handed on. */
    interface Rule {
        @Nullable
        Fault of(String method, String path);
    }

    private final KubernetesClient behind;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final List<String> requests = new CopyOnWriteArrayList<>();
    private final int port;
    private HttpServer server;
    private volatile Rule rule = (method, path) -> null;

    ApiProxy(KubernetesClient behind) throws IOException {
        // Its own retries would carry out later what this stood in for the server not doing.
        this.behind = LiveCluster.client(new ConfigBuilder(behind.getConfiguration())
                .withRequestRetryBackoffLimit(0)
                .build());
        server = listen(0);
        port = server.getAddress().getPort();
    }

    private HttpServer listen(int on) throws IOException {
        HttpServer fresh = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), on), 50);
        fresh.setExecutor(threads);
        fresh.createContext("/", this::handle);
        fresh.start();
        return fresh;
    }

    /** Where it listens. */
    String address() {
        return "http://127.0.0.1:" + port;
    }

    /** A client that comes through here; few retries, so that a test is quick. */
    KubernetesClient client() {
        return LiveCluster.client(new ConfigBuilder(io.fabric8.kubernetes.client.Config.empty())
                .withMasterUrl(address())
                .withRequestRetryBackoffLimit(3)
                .withRequestRetryBackoffInterval(100)
                .withConnectionTimeout(1000)
                .build());
    }

    void when(Rule fails) {
        rule = fails;
    }

    /** {@code METHOD path?query} of all requests since it was last asked. */
    List<String> requests() {
        List<String> all = List.copyOf(requests);
        requests.clear();
        return all;
    }

    private void handle(HttpExchange exchange) throws IOException {
        String method = exchange.getRequestMethod();
        String path = exchange.getRequestURI().toString();
        requests.add(method + " " + path);
        byte[] body = exchange.getRequestBody().readAllBytes();
        Fault fault = rule.of(method, path);
        if (fault instanceof Fault.Answer answer) {
            if (answer.code() == 429) {
                exchange.getResponseHeaders().add("Retry-After", "1");
            }
            String status =
                    "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"code\":" + answer.code()
                            + ",\"reason\":\"" + answer.reason() + "\",\"message\":\"" + answer.message() + "\"}";
            respond(exchange, answer.code(), status.getBytes(StandardCharsets.UTF_8));
        } else if (fault instanceof Fault.Swallowed) {
            respond(exchange, 201, body);
        } else if (fault instanceof Fault.Document document) {
            respond(exchange, 200, document.json().getBytes(StandardCharsets.UTF_8));
        } else if (fault instanceof Fault.Away away) {
            leave(away.length());
        } else {
            HttpResponse<byte[]> response = forward(method, path, exchange, body);
            if (fault == null) {
                respond(exchange, response.code(), response.body() == null ? new byte[0] : response.body());
            }
        }
    }

    private HttpResponse<byte[]> forward(String method, String path, HttpExchange exchange, byte[] body)
            throws IOException {
        String base = behind.getMasterUrl().toString().replaceFirst("/+$", "");
        String type = exchange.getRequestHeaders().getFirst("Content-Type");
        HttpRequest request = behind.getHttpClient()
                .newHttpRequestBuilder()
                .uri(base + path)
                .method(
                        method,
                        type == null ? "application/json" : type,
                        body.length == 0 ? null : new String(body, StandardCharsets.UTF_8))
                .header("Accept", "application/json")
                .build();
        try {
            return behind.getHttpClient().sendAsync(request, byte[].class).get(60, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        } catch (ExecutionException | TimeoutException e) {
            throw new IOException(e);
        }
    }

    private static void respond(HttpExchange exchange, int code, byte[] body) throws IOException {
        exchange.getResponseHeaders().add("Content-Type", "application/json");
        exchange.sendResponseHeaders(code, body.length == 0 ? -1 : body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    private synchronized void leave(Duration length) {
        server.stop(0);
        rule = (method, path) -> null;
        threads.execute(() -> {
            try {
                TimeUnit.MILLISECONDS.sleep(length.toMillis());
                server = listen(port);
            } catch (InterruptedException | IOException e) {
                throw new IllegalStateException("the proxy can't come back", e);
            }
        });
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
        behind.close();
    }
}
