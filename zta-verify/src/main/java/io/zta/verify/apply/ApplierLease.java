package io.zta.verify.apply;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zta.verify.apply.Api.Answer;
import io.zta.verify.apply.ApplyException.Reason;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * The Lease that keeps two appliers from writing at once. One that is not renewed for its whole duration, by this
 * process's own clock, is taken over: clocks of others are not trusted.
 */
final class ApplierLease implements AutoCloseable {
    static final ObjectRef LEASE = new ObjectRef("coordination.k8s.io/v1", "Lease", Inventory.NAMESPACE, "zta-applier");
    private static final DateTimeFormatter MICRO = DateTimeFormatter.ofPattern(
                    "yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'", Locale.ROOT)
            .withZone(ZoneOffset.UTC);

    private final Api api;
    private final String holder;
    private final Duration duration;
    private final ScheduledExecutorService renewals;
    private volatile long heldUntil;
    private volatile String version;

    private ApplierLease(Api api, String holder, Duration duration, String version, long heldUntil) {
        this.api = api;
        this.holder = holder;
        this.duration = duration;
        this.version = version;
        this.heldUntil = heldUntil;
        this.renewals = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread thread = new Thread(task, "zta-lease");
            thread.setDaemon(true);
            return thread;
        });
        long period = Math.max(100, duration.toMillis() / 3);
        // Its future is of no use: renew() keeps every failure to itself, and check() sees a Lease that ran out.
        var unused = renewals.scheduleWithFixedDelay(this::renew, period, period, TimeUnit.MILLISECONDS);
    }

    /** Who holds it, where somebody does. Reads only. */
    static Optional<String> holder(Api api) {
        return api.find(LEASE)
                .map(lease -> lease.path("spec").path("holderIdentity").asText(""))
                .filter(name -> !name.isEmpty());
    }

    /**
     * Takes the Lease, waiting at most a little longer than its duration for one that nobody renews.
     *
     * @throws ApplyException with {@link Reason#HELD} if another renews it
     */
    static ApplierLease take(Api api, String holder, Duration duration) {
        long seenSince = System.nanoTime();
        String seen = "";
        while (true) {
            long asked = System.nanoTime();
            Optional<ObjectNode> lease = api.find(LEASE);
            String current = lease.map(
                            node -> node.path("spec").path("holderIdentity").asText(""))
                    .orElse("");
            Duration theirs = lease.map(node -> Duration.ofSeconds(
                            node.path("spec").path("leaseDurationSeconds").asLong(duration.toSeconds())))
                    .orElse(duration);
            String now =
                    lease.map(node -> Json.metadata(node, "resourceVersion")).orElse("");
            if (!now.equals(seen)) {
                if (!seen.isEmpty() && !current.isEmpty()) {
                    throw held(current);
                }
                seen = now;
                seenSince = System.nanoTime();
            }
            boolean expired = System.nanoTime() - seenSince > theirs.toNanos();
            if (current.isEmpty() || current.equals(holder) || expired) {
                Answer answer = write(api, holder, duration, now);
                if (answer.ok()) {
                    return new ApplierLease(
                            api,
                            holder,
                            duration,
                            Json.metadata(answer.body(), "resourceVersion"),
                            asked + duration.toNanos());
                }
                if (!answer.conflict()) {
                    throw Api.refused("the Lease " + LEASE + " can't be taken", answer);
                }
                continue;
            }
            pause(Math.min(250, theirs.toMillis() / 4 + 1));
        }
    }

    private static ApplyException held(String who) {
        return new ApplyException(
                Reason.HELD,
                "Another applier is at work: " + who + " holds " + LEASE
                        + ". Wait until it is done; a Lease that is not renewed is taken over by itself.");
    }

    private static Answer write(Api api, String holder, Duration duration, String version) {
        ObjectNode lease = Json.MAPPER
                .createObjectNode()
                .put("apiVersion", LEASE.apiVersion())
                .put("kind", LEASE.kind());
        ObjectNode metadata =
                lease.putObject("metadata").put("name", LEASE.name()).put("namespace", LEASE.namespace());
        metadata.putObject("labels").put("app.kubernetes.io/managed-by", "zta");
        ObjectNode spec = lease.putObject("spec");
        spec.put("holderIdentity", holder);
        spec.put("leaseDurationSeconds", Math.max(1, (int) duration.toSeconds()));
        spec.put("renewTime", MICRO.format(Instant.now()));
        if (version.isEmpty()) {
            return api.create(lease, false);
        }
        metadata.put("resourceVersion", version);
        return api.replace(lease);
    }

    private void renew() {
        long asked = System.nanoTime();
        try {
            Answer answer = write(api, holder, duration, version);
            if (answer.ok()) {
                version = Json.metadata(answer.body(), "resourceVersion");
                heldUntil = asked + duration.toNanos();
            } else if (answer.conflict()) {
                heldUntil = asked; // somebody else wrote it: it is lost
            }
        } catch (ApplyException e) {
            // The API server is away: the Lease runs out by itself unless a later renewal succeeds.
        }
    }

    /** @throws ApplyException if it is not held any more: nothing may be written then */
    void check() {
        if (System.nanoTime() - heldUntil > 0) {
            throw new ApplyException(
                    Reason.HELD,
                    "The Lease " + LEASE + " was lost before a write: another applier may be at work, or the API server"
                            + " did not answer in time. Nothing more was written; see `status`, then apply or roll back.");
        }
    }

    @Override
    public void close() {
        renewals.shutdownNow();
        try {
            renewals.awaitTermination(duration.toMillis(), TimeUnit.MILLISECONDS);
            ObjectNode current = api.find(LEASE).orElse(null);
            if (current != null
                    && current.path("spec").path("holderIdentity").asText().equals(holder)) {
                write(api, "", duration, Json.metadata(current, "resourceVersion"));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ApplyException e) {
            // It runs out by itself.
        }
    }

    static void pause(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ApplyException(Reason.REFUSED, "interrupted while waiting");
        }
    }
}
