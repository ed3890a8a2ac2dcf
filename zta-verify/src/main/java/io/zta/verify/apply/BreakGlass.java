package io.zta.verify.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.zta.Posture;
import io.zta.intent.Intent;
import io.zta.intent.Subject;
import io.zta.verify.apply.Api.Answer;
import io.zta.verify.apply.ApplyException.Reason;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Lets a subject into the containers of one namespace for a while: a RoleBinding to the role of the posture, with its end,
 * reason and approver as annotations. Nothing in Kubernetes takes a binding away by itself: {@link #reap} does, run by a
 * CronJob ({@link #cronJob}) or from a JVM.
 */
public final class BreakGlass {
    /** The role that the posture renders for grants. */
    public static final String ROLE = "zta-break-glass";

    private static final String RBAC = "rbac.authorization.k8s.io";
    private static final String EXPIRES = "zta.io/expires";
    private static final String REASON = "zta.io/reason";
    private static final String APPROVED_BY = "zta.io/approved-by";

    private final Posture posture;
    private final Api api;

    private BreakGlass(Posture posture, Api api) {
        this.posture = posture;
        this.api = api;
    }

    /** Grants of a posture, read and written with this client. */
    public static BreakGlass of(Posture posture, KubernetesClient client) {
        return new BreakGlass(posture, new Api(client, Duration.ofSeconds(15)));
    }

    /**
     * A grant as it stands in the cluster.
     *
     * @param binding {@code namespace/name} of the RoleBinding
     * @param subject whom it lets in, as the binding names it
     * @param expires when it ends; empty where it does not say, which makes it a grant without an end
     * @param reason why it was given
     * @param approvedBy who approved it
     */
    public record Grant(String binding, String subject, Optional<Instant> expires, String reason, String approvedBy) {
        /** Whether it should be gone at that time; one without a readable end should always be. */
        public boolean expired(Instant now) {
            return expires.isEmpty() || !expires.get().isAfter(now);
        }
    }

    /**
     * Lets a subject in. Writes one RoleBinding.
     *
     * @param namespace one of the posture's namespaces
     * @param duration positive, and not beyond the longest that the posture allows the subject
     * @param reason why, not blank
     * @param approver who approves: one whom the posture names, or an applier where it names none
     * @throws ApplyException if the posture does not allow it, or the API server refuses
     */
    public Grant grant(
            String namespace, Subject subject, Duration duration, String reason, Subject approver, Clock clock) {
        Intent.BreakGlass allowed = allowed(namespace, subject, duration, reason, approver);
        Instant expires = clock.instant().plus(duration).truncatedTo(ChronoUnit.SECONDS);
        ObjectNode binding = Json.MAPPER.createObjectNode();
        binding.put("apiVersion", RBAC + "/v1").put("kind", "RoleBinding");
        ObjectNode metadata = binding.putObject("metadata");
        String name = ROLE + "-" + Inventory.digest(subject + "|" + expires).substring(0, 10);
        metadata.put("name", name).put("namespace", namespace);
        metadata.putObject("labels").put("app.kubernetes.io/managed-by", "zta").put("zta.io/break-glass", "grant");
        metadata.putObject("annotations")
                .put(EXPIRES, expires.toString())
                .put(REASON, reason)
                .put(APPROVED_BY, approver.toString())
                .put("zta.io/asked-by", allowed.call())
                .put("zta.io/posture", namespace + "/" + posture.name());
        binding.putObject("roleRef").put("apiGroup", RBAC).put("kind", "Role").put("name", ROLE);
        ObjectNode who = binding.putArray("subjects").addObject();
        who.put("kind", subject.kind().rbac()).put("name", subject.name());
        if (subject.kind() == Subject.Kind.SERVICE_ACCOUNT) {
            who.put("namespace", subject.namespace());
        } else {
            who.put("apiGroup", RBAC);
        }
        Answer answer = api.create(binding, false);
        if (!answer.ok()) {
            throw Api.refused("the grant for " + subject + " in " + namespace + " was not made", answer);
        }
        return of(answer.body());
    }

    private Intent.BreakGlass allowed(
            String namespace, Subject subject, Duration duration, String reason, Subject approver) {
        if (!posture.namespaces().contains(namespace)) {
            throw usage("The posture does not speak of namespace \"" + namespace + "\"; its namespaces are "
                    + posture.namespaces() + ".");
        }
        Intent.BreakGlass intent = posture.intents(Intent.BreakGlass.class).stream()
                .filter(glass -> glass.subject().equals(subject))
                .findFirst()
                .orElseThrow(() -> usage("The posture allows " + subject + " no break-glass; it allows "
                        + posture.intents(Intent.BreakGlass.class).stream()
                                .map(glass -> glass.subject().toString())
                                .toList()
                        + ". Add breakGlass(..) for it and apply the posture first."));
        if (duration.isZero() || duration.isNegative() || duration.compareTo(intent.longest()) > 0) {
            throw usage("A grant for " + subject + " may last up to " + intent.longest() + "; asked were " + duration
                    + ".");
        }
        if (reason.isBlank()) {
            throw usage("A grant needs a reason.");
        }
        List<Subject> approvers = intent.approvers().isEmpty() ? posture.appliers() : intent.approvers();
        if (approver.equals(subject) || !approvers.isEmpty() && !approvers.contains(approver)) {
            throw usage(approver + " may not approve a grant for " + subject + "; approvers are " + approvers
                    + ", and nobody approves for himself.");
        }
        return intent;
    }

    private static ApplyException usage(String message) {
        return new ApplyException(Reason.USAGE, message);
    }

    /** The grants in the posture's namespaces, by whatever binding to the role; one list call for each namespace. */
    public List<Grant> list() {
        return bindings().stream().map(BreakGlass::of).toList();
    }

    private List<ObjectNode> bindings() {
        List<ObjectNode> found = new ArrayList<>();
        for (String namespace : posture.namespaces()) {
            for (ObjectNode binding : api.list(RBAC + "/v1", "RoleBinding", namespace, "")) {
                if (binding.path("roleRef").path("name").asText().equals(ROLE)
                        && binding.path("roleRef").path("kind").asText().equals("Role")) {
                    found.add(binding);
                }
            }
        }
        return found;
    }

    private static Grant of(JsonNode binding) {
        JsonNode annotations = binding.path("metadata").path("annotations");
        List<String> subjects = new ArrayList<>();
        binding.path("subjects")
                .forEach(subject -> subjects.add(subject.path("kind").asText() + " "
                        + (subject.has("namespace") ? subject.path("namespace").asText() + "/" : "")
                        + subject.path("name").asText()));
        return new Grant(
                Json.metadata(binding, "namespace") + "/" + Json.metadata(binding, "name"),
                String.join(", ", subjects),
                instant(annotations.path(EXPIRES).asText("")),
                annotations.path(REASON).asText(""),
                annotations.path(APPROVED_BY).asText(""));
    }

    private static Optional<Instant> instant(String text) {
        try {
            return text.isEmpty() ? Optional.empty() : Optional.of(Instant.parse(text));
        } catch (DateTimeParseException e) {
            return Optional.empty(); // an end that can't be read is none
        }
    }

    /**
     * Takes away every grant whose end has come, and every one without a readable end. Deletes exactly the bindings it
     * read.
     *
     * @return the grants taken away
     */
    public List<Grant> reap(Clock clock) {
        List<Grant> gone = new ArrayList<>();
        for (ObjectNode binding : bindings()) {
            Grant grant = of(binding);
            if (grant.expired(clock.instant())) {
                Answer answer = api.delete(
                        Json.ref(binding),
                        Json.metadata(binding, "uid"),
                        Json.metadata(binding, "resourceVersion"),
                        false);
                if (answer.ok()) {
                    gone.add(grant);
                } else if (answer.code() != 404 && !answer.conflict()) {
                    throw Api.refused("the grant " + grant.binding() + " could not be taken away", answer);
                }
            }
        }
        return gone;
    }

    /**
     * A CronJob that reaps every few minutes, with its service account, role and bindings: one YAML stream.
     *
     * @param posture the posture whose grants it reaps
     * @param image an image whose entry point is the {@code zta} command
     * @param every 1 to 59 minutes
     */
    public static String cronJob(Posture posture, String image, Duration every) {
        if (every.toMinutes() < 1 || every.toMinutes() > 59) {
            throw usage("A reaper runs every 1 to 59 minutes; asked were " + every + ".");
        }
        return String.format(
                        Locale.ROOT,
                        ReaperTemplate.YAML,
                        Inventory.key(posture.id()),
                        Inventory.NAMESPACE,
                        posture.toYaml().indent(4),
                        every.toMinutes(),
                        image)
                + ReaperTemplate.roles(posture);
    }
}
