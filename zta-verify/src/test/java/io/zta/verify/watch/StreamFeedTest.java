package io.zta.verify.watch;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.zta.snapshot.Resource;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is heard of an API server whose watches end as they are asked to, are cut, or go silent. */
class StreamFeedTest {
    private static final Duration LENGTH = Duration.ofSeconds(1);

    private final FakeApiServer server = new FakeApiServer();
    private final KubernetesClient client = server.client();
    private final StreamFeed feed = new StreamFeed(client, LENGTH);
    private final Heard heard = new Heard();

    StreamFeedTest() throws IOException {}

    @BeforeEach
    void follow() {
        feed.follow(heard);
    }

    @AfterEach
    void close() {
        feed.close();
        client.close();
        server.close();
    }

    @Test
    void the_next_watch_goes_on_from_the_last_version_heard() throws Exception {
        Stream first = server.nextOfPods();
        assertThat(first.version).as("the version of the list").isEqualTo("5");
        first.send(event("ADDED", "web", "6"));
        assertThat(heard.next()).isEqualTo("present Pod shop/web");
        first.send(event("BOOKMARK", "", "9"));
        first.endAfterAsked();

        Stream second = server.nextOfPods();
        assertThat(second.version).isEqualTo("9");
        assertThat(feed.lost()).isEmpty();
        second.send(event("DELETED", "web", "11"));
        assertThat(heard.next()).isEqualTo("gone Pod shop/web");
        second.endAfterAsked();
        assertThat(server.nextOfPods().version).isEqualTo("11");
        assertThat(feed.lost()).isEmpty();
    }

    @Test
    void a_watch_that_does_not_end_when_asked_to_is_lost_and_followed_again_it_is_back() throws Exception {
        server.nextOfPods();
        Optional<String> lost = Optional.empty();
        long end = System.nanoTime()
                + LENGTH.plus(WatchStream.ANSWER).plus(Duration.ofSeconds(1)).toNanos();
        while (lost.isEmpty() && System.nanoTime() < end) {
            lost = feed.lost();
        }
        assertThat(lost).contains("Pod: the watch was to end after 1 s and did not: its connection is dead");

        feed.follow(heard);
        server.nextOfPods();
        assertThat(feed.lost()).isEmpty();
    }

    @Test
    void a_version_that_the_server_no_longer_has_is_lost() throws Exception {
        Stream first = server.nextOfPods();
        first.send("{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410,\"message\":\"too old: 5 (8)\"}}");
        assertThat(lost()).isEqualTo("Pod: too old: 5 (8)");
    }

    @Test
    void a_watch_that_is_refused_is_lost_with_the_servers_words() throws Exception {
        Stream first = server.nextOfPods();
        server.refusal = "pods is forbidden";
        first.endAfterAsked();
        assertThat(lost()).isEqualTo("Pod: pods is forbidden");
    }

    private String lost() {
        long end = System.nanoTime() + Duration.ofSeconds(4).toNanos();
        while (System.nanoTime() < end) {
            Optional<String> why = feed.lost();
            if (why.isPresent()) {
                return why.get();
            }
        }
        throw new AssertionError("nothing is lost after 4 s");
    }

    private static String event(String type, String name, String version) {
        return "{\"type\":\"" + type + "\",\"object\":{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\""
                + name + "\",\"namespace\":\"shop\",\"resourceVersion\":\"" + version + "\"}}}";
    }

    private static final class Heard implements Feed.Sink {
        private final BlockingQueue<String> all = new LinkedBlockingQueue<>();

        String next() throws InterruptedException {
            return String.valueOf(all.poll(5, TimeUnit.SECONDS));
        }

        @Override
        public void present(Resource resource) {
            all.add("present " + resource.display());
        }

        @Override
        public void gone(Resource resource) {
            all.add("gone " + resource.display());
        }

        @Override
        public void kindsChanged() {
            all.add("kinds");
        }

        @Override
        public void failed(String what) {
            all.add("failed " + what);
        }
    }

    /** A watch that was opened. */
    private static final class Stream {
        private final String version;
        private final HttpExchange exchange;
        private final long since = System.nanoTime();

        Stream(String version, HttpExchange exchange) {
            this.version = version;
            this.exchange = exchange;
        }

        void send(String line) throws IOException {
            exchange.getResponseBody().write((line + "\n").getBytes(StandardCharsets.UTF_8));
            exchange.getResponseBody().flush();
        }

        void endAfterAsked() throws InterruptedException {
            TimeUnit.NANOSECONDS.sleep(LENGTH.toNanos() - (System.nanoTime() - since));
            exchange.close();
        }
    }

    /** Serves pods, and definitions whose watches always end as they are asked to. */
    private static final class FakeApiServer implements AutoCloseable {
        private final HttpServer server =
                HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 9);
        private final ExecutorService threads = Executors.newCachedThreadPool();
        private final BlockingQueue<Stream> opened = new LinkedBlockingQueue<>();
        private volatile String refusal = "";

        FakeApiServer() throws IOException {
            server.setExecutor(threads);
            server.createContext("/", this::handle);
            server.start();
        }

        KubernetesClient client() {
            return new KubernetesClientBuilder()
                    .withConfig(new ConfigBuilder(Config.empty())
                            .withMasterUrl(
                                    "http://127.0.0.1:" + server.getAddress().getPort())
                            .withRequestRetryBackoffLimit(0)
                            .build())
                    .build();
        }

        Stream nextOfPods() throws InterruptedException {
            Stream next = opened.poll(5, TimeUnit.SECONDS);
            assertThat(next).as("a watch is opened").isNotNull();
            return java.util.Objects.requireNonNull(next);
        }

        private void handle(HttpExchange exchange) throws IOException {
            String path = exchange.getRequestURI().toString();
            boolean pods = path.startsWith("/api/v1/pods");
            if (path.contains("watch=true") && !(pods && !refusal.isEmpty())) {
                exchange.sendResponseHeaders(200, 0);
                exchange.getResponseBody().flush();
                Stream stream = new Stream(path.replaceFirst(".*resourceVersion=([0-9]+).*", "$1"), exchange);
                if (pods) {
                    opened.add(stream);
                } else {
                    endLater(stream);
                }
                return;
            }
            String answer = switch (path) {
                case "/apis" -> "{\"groups\":[]}";
                case "/api/v1" ->
                    "{\"resources\":[{\"name\":\"pods\",\"kind\":\"Pod\",\"namespaced\":true,"
                            + "\"verbs\":[\"list\",\"watch\"]}]}";
                case "/version" -> "{}";
                default ->
                    pods && path.contains("watch")
                            ? "{\"kind\":\"Status\",\"message\":\"" + refusal + "\"}"
                            : "{\"metadata\":{\"resourceVersion\":\"5\"},\"items\":[]}";
            };
            byte[] bytes = answer.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(path.contains("watch") ? 403 : 200, bytes.length);
            exchange.getResponseBody().write(bytes);
            exchange.close();
        }

        private static void endLater(Stream stream) {
            try {
                stream.endAfterAsked();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        @Override
        public void close() {
            threads.shutdownNow();
            server.stop(0);
        }
    }
}
