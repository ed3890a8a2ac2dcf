package io.zta.verify.watch;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.ListedKind;
import io.zta.snapshot.Origin;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** A live cluster, watched by one informer for each kind that a snapshot reads. */
final class InformerFeed implements Feed {
    private static final Duration ANSWER = Duration.ofSeconds(5);
    private static final Duration FIRST_LIST = Duration.ofSeconds(60);
    /** Not part of a snapshot; its changes are those of the kinds that there are. */
    private static final ListedKind DEFINITIONS = new ListedKind(
            new GroupKind("apiextensions.k8s.io", "CustomResourceDefinition"),
            "apiextensions.k8s.io/v1",
            "customresourcedefinitions",
            false,
            true);

    private record Watch(SharedIndexInformer<GenericKubernetesResource> informer, CompletableFuture<Void> first) {}

    private final KubernetesClient client;
    private final Map<ListedKind, Watch> watches = new ConcurrentHashMap<>();
    private final Map<ListedKind, String> problems = new ConcurrentHashMap<>();
    private @Nullable CompletableFuture<?> ping;

    InformerFeed(KubernetesClient client) {
        this.client = client;
    }

    @Override
    public void follow(Sink sink) {
        Map<String, ListedKind> wanted = new TreeMap<>();
        for (ListedKind kind : Snapshot.kinds(client)) {
            wanted.put(kind.apiVersion() + "/" + kind.plural(), kind);
        }
        wanted.put(DEFINITIONS.plural(), DEFINITIONS);
        watches.forEach((kind, watch) -> {
            if (!wanted.containsValue(kind) || !watch.informer().isWatching()) {
                watch.informer().stop();
                watches.remove(kind);
            }
        });
        problems.clear();
        for (ListedKind kind : wanted.values()) {
            if (!kind.watchable()) {
                problems.put(kind, "the server does not let it be watched");
            } else if (!watches.containsKey(kind)) {
                watches.put(kind, watch(kind, sink));
            }
        }
        long end = System.nanoTime() + FIRST_LIST.toNanos();
        watches.forEach((kind, watch) -> {
            try {
                watch.first().get(Math.max(1, end - System.nanoTime()), TimeUnit.NANOSECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (ExecutionException | TimeoutException e) {
                Throwable cause = e.getCause() == null ? e : e.getCause();
                problems.put(kind, reason(cause));
            }
        });
    }

    @Override
    public boolean covers() {
        return watches.keySet()
                .containsAll(Snapshot.kinds(client).stream()
                        .filter(ListedKind::watchable)
                        .toList());
    }

    private Watch watch(ListedKind kind, Sink sink) {
        String version = kind.apiVersion().substring(kind.apiVersion().indexOf('/') + 1);
        ResourceDefinitionContext context = new ResourceDefinitionContext.Builder()
                .withGroup(kind.type().group())
                .withVersion(version)
                .withKind(kind.type().kind())
                .withPlural(kind.plural())
                .withNamespaced(kind.namespaced())
                .build();
        var resources = client.genericKubernetesResources(context);
        SharedIndexInformer<GenericKubernetesResource> informer =
                kind.namespaced() ? resources.inAnyNamespace().runnableInformer(0) : resources.runnableInformer(0);
        informer.removeNamespaceIndex();
        informer.itemStore(new NamesOnly());
        informer.exceptionHandler((started, problem) -> {
            problems.put(kind, reason(problem));
            sink.failed(kind.type() + " is not being watched: " + reason(problem));
            return started; // tried again; a first list that is refused fails what waits for it
        });
        informer.addEventHandler(kind.equals(DEFINITIONS) ? new Definitions(sink) : new Objects(kind, sink));
        return new Watch(informer, informer.start().toCompletableFuture());
    }

    private static String reason(Throwable problem) {
        if (problem instanceof KubernetesClientException refused
                && refused.getStatus() != null
                && refused.getStatus().getMessage() != null) {
            return refused.getStatus().getMessage();
        }
        return problem.getMessage() == null ? problem.getClass().getSimpleName() : problem.getMessage();
    }

    /** As the API server sent it: the rest of the object is a map of all its fields. */
    private static Resource resource(ListedKind kind, GenericKubernetesResource object) {
        object.setApiVersion(kind.apiVersion());
        object.setKind(kind.type().kind());
        Resource read = Snapshot.ofText("cluster.json", Serialization.asJson(object))
                .resources()
                .findFirst()
                .orElseThrow();
        return Resource.of(read.tree(), new Origin("cluster", 0, 0));
    }

    @Override
    public Snapshot read() {
        return Snapshot.of(client);
    }

    @Override
    public Optional<String> lost() {
        for (Map.Entry<ListedKind, Watch> entry : new TreeMap<>(byName()).values()) {
            if (!entry.getValue().informer().isWatching()) {
                String why = problems.getOrDefault(entry.getKey(), "its watch ended");
                return Optional.of(entry.getKey().type() + ": " + why);
            }
        }
        // A watch that has lost its connection still counts as one until it fails to reconnect: ask.
        if (ping == null || ping.isDone()) {
            ping = CompletableFuture.runAsync(() -> client.raw("/version"));
        }
        try {
            ping.get(ANSWER.toMillis(), TimeUnit.MILLISECONDS);
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.of("interrupted");
        } catch (TimeoutException e) {
            return Optional.of("the API server did not answer within " + ANSWER.toSeconds() + " s");
        } catch (ExecutionException e) {
            return Optional.of("the API server does not answer: " + reason(e.getCause() == null ? e : e.getCause()));
        }
    }

    private Map<String, Map.Entry<ListedKind, Watch>> byName() {
        Map<String, Map.Entry<ListedKind, Watch>> named = new TreeMap<>();
        watches.entrySet().forEach(entry -> named.put(entry.getKey().toString(), entry));
        return named;
    }

    @Override
    public void close() {
        watches.values().forEach(watch -> watch.informer().stop());
        watches.clear();
    }

    /** Hands objects on. */
    private record Objects(ListedKind kind, Sink sink) implements ResourceEventHandler<GenericKubernetesResource> {
        @Override
        public void onAdd(GenericKubernetesResource object) {
            sink.present(resource(kind, object));
        }

        @Override
        public void onUpdate(GenericKubernetesResource before, GenericKubernetesResource now) {
            sink.present(resource(kind, now));
        }

        @Override
        public void onDelete(GenericKubernetesResource object, boolean unknownState) {
            sink.gone(resource(kind, object));
        }
    }

    /** Hands on that kinds come and go. */
    private record Definitions(Sink sink) implements ResourceEventHandler<GenericKubernetesResource> {
        @Override
        public void onAdd(GenericKubernetesResource object) {
            sink.kindsChanged();
        }

        @Override
        public void onUpdate(GenericKubernetesResource before, GenericKubernetesResource now) {
            sink.kindsChanged();
        }

        @Override
        public void onDelete(GenericKubernetesResource object, boolean unknownState) {
            sink.kindsChanged();
        }
    }
}
