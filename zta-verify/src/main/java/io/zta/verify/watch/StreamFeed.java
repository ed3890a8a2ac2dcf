package io.zta.verify.watch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.ListedKind;
import io.zta.snapshot.Origin;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import java.time.Duration;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** A live cluster, watched by one stream for each kind that a snapshot reads. */
final class StreamFeed implements Feed {
    /** Not part of a snapshot; its changes are those of the kinds that there are. */
    private static final ListedKind DEFINITIONS = new ListedKind(
            new GroupKind("apiextensions.k8s.io", "CustomResourceDefinition"),
            "apiextensions.k8s.io/v1",
            "customresourcedefinitions",
            false,
            true);

    private final KubernetesClient client;
    private final Duration length;
    private final Map<ListedKind, WatchStream> streams =
            new ConcurrentSkipListMap<>(Comparator.comparing(ListedKind::path));
    private final Map<ListedKind, String> problems =
            new ConcurrentSkipListMap<>(Comparator.comparing(ListedKind::path));
    private @Nullable CompletableFuture<?> ping;

    /**
     * @param length after how long each stream is opened anew
     */
    StreamFeed(KubernetesClient client, Duration length) {
        this.client = client;
        this.length = length;
    }

    @Override
    public void follow(Sink sink) {
        Set<ListedKind> wanted = new LinkedHashSet<>(Snapshot.kinds(client));
        wanted.add(DEFINITIONS);
        streams.forEach((kind, stream) -> {
            if (!wanted.contains(kind) || stream.lost().isPresent()) {
                stream.close();
                streams.remove(kind);
            }
        });
        problems.clear();
        for (ListedKind kind : wanted) {
            if (!kind.watchable()) {
                problems.put(kind, "the server does not let it be watched");
            } else if (!streams.containsKey(kind)) {
                open(kind, sink);
            }
        }
        CompletableFuture<?> all = CompletableFuture.allOf(
                streams.values().stream().map(WatchStream::decided).toArray(CompletableFuture[]::new));
        try {
            all.get(WatchStream.ANSWER.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            // Those that are not open say so themselves when they are asked.
        }
    }

    private void open(ListedKind kind, Sink sink) {
        try {
            WatchStream.Hears hears =
                    kind.equals(DEFINITIONS) ? (object, gone) -> sink.kindsChanged() : new Objects(kind, sink);
            streams.put(kind, WatchStream.open(client, kind.path(), version(kind), length, hears));
        } catch (KubernetesClientException e) {
            String why = e.getStatus() != null && e.getStatus().getMessage() != null
                    ? e.getStatus().getMessage()
                    : String.valueOf(e.getMessage());
            problems.put(kind, why);
            sink.failed(kind.type() + " is not being watched: " + why);
        }
    }

    /** The version that the collection has now: everything is read after it. */
    private String version(ListedKind kind) {
        @Nullable String list = client.raw(kind.path() + "?limit=1");
        if (list == null) {
            throw new KubernetesClientException("the server has no " + kind.path());
        }
        return WatchStream.parse(list).path("metadata").path("resourceVersion").asText("");
    }

    @Override
    public boolean covers() {
        return streams.keySet()
                .containsAll(Snapshot.kinds(client).stream()
                        .filter(ListedKind::watchable)
                        .toList());
    }

    @Override
    public Snapshot read() {
        return Snapshot.of(client);
    }

    @Override
    public Optional<String> lost() {
        for (Map.Entry<ListedKind, String> entry : problems.entrySet()) {
            return Optional.of(entry.getKey().type() + ": " + entry.getValue());
        }
        for (Map.Entry<ListedKind, WatchStream> entry : streams.entrySet()) {
            Optional<String> why = entry.getValue().lost();
            if (why.isPresent()) {
                return Optional.of(entry.getKey().type() + ": " + why.get());
            }
        }
        return silent();
    }

    /** A server that is away is noticed sooner by asking than by streams that do not end. */
    private Optional<String> silent() {
        if (ping == null || ping.isDone()) {
            ping = CompletableFuture.runAsync(() -> client.raw("/version"));
        }
        try {
            ping.get(WatchStream.ANSWER.toMillis(), TimeUnit.MILLISECONDS);
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.of("interrupted");
        } catch (TimeoutException e) {
            return Optional.of("the API server did not answer within " + WatchStream.ANSWER.toSeconds() + " s");
        } catch (ExecutionException e) {
            return Optional.of(
                    "the API server does not answer: " + (e.getCause() == null ? e : e.getCause()).getMessage());
        }
    }

    @Override
    public void close() {
        streams.values().forEach(WatchStream::close);
        streams.clear();
    }

    /** Hands objects on. */
    private record Objects(ListedKind kind, Sink sink) implements WatchStream.Hears {
        @Override
        public void changed(JsonNode object, boolean gone) {
            ObjectNode whole = ((ObjectNode) object)
                    .put("apiVersion", kind.apiVersion())
                    .put("kind", kind.type().kind());
            Resource read = Snapshot.ofText("cluster.json", whole.toString())
                    .resources()
                    .findFirst()
                    .orElseThrow();
            Resource resource = Resource.of(read.tree(), new Origin("cluster", 0, 0));
            if (gone) {
                sink.gone(resource);
            } else {
                sink.present(resource);
            }
        }
    }
}
