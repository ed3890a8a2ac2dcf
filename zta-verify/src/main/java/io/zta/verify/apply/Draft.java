package io.zta.verify.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zta.Posture;
import io.zta.compile.Compiled;
import io.zta.intent.Phase;
import io.zta.snapshot.Snapshot;
import io.zta.verify.apply.Api.Answer;
import io.zta.verify.apply.Change.Action;
import io.zta.verify.apply.Inventory.Owned;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Collects what has to be written: each wanted object against the answer of a server-side dry run (servers default fields,
 * so nothing else tells what changes), and what pruning removes. Not thread-safe.
 */
final class Draft {
    private static final Pattern CONFLICT = Pattern.compile("conflict with \"([^\"]+)\"(.*)");

    /** A change with what its place in the order depends on. */
    record Item(Change change, Phase phase, Step.Stage stage) {}

    private record DryRun(ObjectNode sent, Optional<ObjectNode> live, Answer answer) {}

    private final Api api;
    private final Posture posture;
    private final PlanOptions options;
    private final Snapshot before;
    private final Inventory inventory;
    private final List<Item> items = new ArrayList<>();
    private final List<ObjectRef> unchanged = new ArrayList<>();
    private final List<Conflict> conflicts = new ArrayList<>();
    private final List<String> refusals = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();
    private final List<ObjectNode> wanted = new ArrayList<>();
    private final Map<String, ObjectNode> answers = new LinkedHashMap<>();
    private final Set<ObjectRef> kept = new TreeSet<>();

    Draft(Api api, Posture posture, PlanOptions options, Snapshot before, Inventory inventory) {
        this.api = api;
        this.posture = posture;
        this.options = options;
        this.before = before;
        this.inventory = inventory;
    }

    Inventory inventory() {
        return inventory;
    }

    List<Item> items() {
        return items;
    }

    List<ObjectRef> unchanged() {
        return unchanged.stream().sorted().toList();
    }

    List<Conflict> conflicts() {
        return conflicts;
    }

    List<String> refusals() {
        return refusals;
    }

    List<String> notes() {
        return notes;
    }

    /** The wanted objects in the form they are to have in the end. */
    List<ObjectNode> wanted() {
        return wanted;
    }

    /** What a change leaves behind, as the dry run answered; what is sent where it was refused. */
    ObjectNode answer(Change change) {
        return answers.getOrDefault(change.desired(), Json.parseObject(change.desired()));
    }

    /** Compares every wanted object with the cluster. */
    void want(List<Compiled> compiled) {
        Map<ObjectNode, Compiled> finals = new LinkedHashMap<>();
        for (Compiled entry : compiled) {
            ObjectNode object = Json.stripped(Json.of(entry.object()));
            finals.put(object, entry);
            wanted.add(object);
            kept.add(Json.ref(object));
        }
        List<ObjectNode> asked = new ArrayList<>();
        for (ObjectNode object : finals.keySet()) {
            asked.addAll(forms(object).values());
        }
        Map<ObjectNode, DryRun> runs = dryRuns(asked);
        finals.forEach((object, entry) -> compare(object, entry, runs));
    }

    /** The forms in which an object is written, by stage: a binding that denies warns first. */
    private Map<Step.Stage, ObjectNode> forms(ObjectNode object) {
        Map<Step.Stage, ObjectNode> forms = new LinkedHashMap<>();
        if (!denies(object)) {
            forms.put(Step.Stage.ALLOW, object);
            return forms;
        }
        boolean deniesNow = live(Json.ref(object)).map(Draft::denies).orElse(false);
        if (!deniesNow) {
            ObjectNode warning = object.deepCopy();
            ArrayNode actions = ((ObjectNode) warning.get("spec")).putArray("validationActions");
            actions.add("Warn").add("Audit");
            forms.put(Step.Stage.WARN, warning);
        }
        if (!options.holdAtWarn() || deniesNow) {
            forms.put(Step.Stage.DENY, object);
        }
        return forms;
    }

    static boolean denies(JsonNode object) {
        if (!object.path("kind").asText().equals("ValidatingAdmissionPolicyBinding")) {
            return false;
        }
        for (JsonNode action : object.path("spec").path("validationActions")) {
            if (action.asText().equals("Deny")) {
                return true;
            }
        }
        return false;
    }

    private Optional<ObjectNode> live(ObjectRef ref) {
        return before.find(ref.type(), ref.namespace(), ref.name()).map(Json::of);
    }

    /** One dry run for each object that is not as the inventory says it was left. A few at a time: each is one call. */
    private Map<ObjectNode, DryRun> dryRuns(List<ObjectNode> objects) {
        Map<ObjectNode, Future<DryRun>> futures = new LinkedHashMap<>();
        ExecutorService pool = Executors.newFixedThreadPool(6, task -> {
            Thread thread = new Thread(task, "zta-dry-run");
            thread.setDaemon(true);
            return thread;
        });
        try {
            for (ObjectNode object : objects) {
                ObjectRef ref = Json.ref(object);
                Optional<ObjectNode> live = live(ref);
                if (!leftAsItIs(ref, object, live)) {
                    futures.put(object, pool.submit(() -> dryRun(object, live)));
                }
            }
            Map<ObjectNode, DryRun> runs = new LinkedHashMap<>();
            for (Map.Entry<ObjectNode, Future<DryRun>> future : futures.entrySet()) {
                runs.put(future.getKey(), future.getValue().get());
            }
            return runs;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ApplyException(ApplyException.Reason.REFUSED, "interrupted while planning");
        } catch (ExecutionException e) {
            if (e.getCause() instanceof ApplyException refused) {
                throw refused;
            }
            throw new IllegalStateException("a dry run failed", e.getCause());
        } finally {
            pool.shutdownNow();
        }
    }

    private DryRun dryRun(ObjectNode object, Optional<ObjectNode> live) {
        boolean force = options.forced().contains(Json.ref(object).toString());
        try {
            Answer answer = api.apply(object, true, force);
            if (answer.conflict()
                    && conflicts(Json.ref(object), answer).stream().allMatch(Draft::ours)) {
                answer = api.apply(object, true, true);
            }
            return new DryRun(object, live, answer);
        } catch (ApplyException e) {
            ObjectNode body = Json.MAPPER.createObjectNode().put("message", String.valueOf(e.getMessage()));
            return new DryRun(object, live, new Answer(0, body));
        }
    }

    /** A field that an earlier rollback of ours gave back belongs to nobody else. */
    private static boolean ours(Conflict conflict) {
        return conflict.manager().equals(Api.MANAGER);
    }

    private boolean leftAsItIs(ObjectRef ref, ObjectNode object, Optional<ObjectNode> live) {
        Optional<Owned> owned = inventory.owned(ref);
        return owned.isPresent()
                && live.isPresent()
                && owned.get().desired().equals(Json.text(object))
                && owned.get().uid().equals(Json.metadata(live.get(), "uid"))
                && owned.get().version().equals(Json.metadata(live.get(), "resourceVersion"));
    }

    private void compare(ObjectNode object, Compiled entry, Map<ObjectNode, DryRun> runs) {
        ObjectRef ref = Json.ref(object);
        Map<Step.Stage, ObjectNode> forms = forms(object);
        Optional<ObjectNode> state = live(ref);
        boolean writes = false;
        for (Map.Entry<Step.Stage, ObjectNode> form : forms.entrySet()) {
            ObjectNode sent = form.getValue();
            DryRun run = runs.get(sent);
            if (run == null) {
                continue;
            }
            ObjectNode result = read(ref, run);
            List<FieldChange> fields = Json.differences(state.map(Json::stripped), Optional.of(Json.stripped(result)));
            if (state.isPresent() && fields.isEmpty()) {
                continue;
            }
            boolean first = !writes;
            Change change = new Change(
                    state.isPresent() ? Action.CHANGE : Action.CREATE,
                    ref,
                    Json.text(sent),
                    first ? state.map(node -> Json.metadata(node, "uid")).orElse("") : "",
                    first
                            ? state.map(node -> Json.metadata(node, "resourceVersion"))
                                    .orElse("")
                            : "",
                    state.isPresent() ? fields : List.of(),
                    options.forced().contains(ref.toString()) || mustForce(run));
            answers.put(change.desired(), result);
            items.add(new Item(change, entry.phase(), stage(entry, form.getKey())));
            state = Optional.of(result);
            writes = true;
        }
        if (!writes) {
            unchanged.add(ref);
        }
    }

    private static boolean mustForce(DryRun run) {
        return run.live().map(Write::managedByUs).orElse(false)
                && run.live()
                        .get()
                        .path("metadata")
                        .path("managedFields")
                        .toString()
                        .contains("\"operation\":\"Update\"")
                && run.live().stream()
                        .flatMap(live -> java.util.stream.StreamSupport.stream(
                                live.path("metadata").path("managedFields").spliterator(), false))
                        .anyMatch(field -> field.path("manager").asText().equals(Api.MANAGER)
                                && field.path("operation").asText().equals("Update"));
    }

    /** The object that the dry run answered; what was sent, and an objection, where it refused. */
    private ObjectNode read(ObjectRef ref, DryRun run) {
        Answer answer = run.answer();
        if (answer.ok()) {
            return answer.object();
        }
        List<Conflict> found = answer.conflict() ? conflicts(ref, answer) : List.of();
        if (found.isEmpty()) {
            refusals.add(ref + ": " + answer.message());
        } else {
            conflicts.addAll(found);
        }
        return run.sent();
    }

    private static List<Conflict> conflicts(ObjectRef ref, Answer answer) {
        List<Conflict> found = new ArrayList<>();
        for (JsonNode cause : answer.body().path("details").path("causes")) {
            if (cause.path("reason").asText().equals("FieldManagerConflict")) {
                Matcher matcher = CONFLICT.matcher(cause.path("message").asText());
                found.add(new Conflict(
                        ref,
                        matcher.find()
                                ? matcher.group(1)
                                : cause.path("message").asText(),
                        cause.path("field").asText()));
            }
        }
        return found;
    }

    private static Step.Stage stage(Compiled entry, Step.Stage form) {
        String kind = entry.object().getKind();
        if (form != Step.Stage.ALLOW) {
            return form;
        }
        if (kind.startsWith("ValidatingAdmissionPolicy")) {
            return Step.Stage.WARN;
        }
        if (entry.phase() == Phase.MESH) {
            if (kind.equals("AuthorizationPolicy")) {
                return entry.restricts() ? Step.Stage.RESTRICT : Step.Stage.IDENTITY;
            }
            if (kind.equals("PeerAuthentication")) {
                return Step.Stage.STRICT;
            }
        }
        return entry.restricts() ? Step.Stage.RESTRICT : Step.Stage.ALLOW;
    }

    /** Plans to remove what is ours and asked for no longer: only that, and only while it is still the same object. */
    void prune() {
        for (Owned owned : inventory.owned()) {
            ObjectRef ref = owned.object();
            if (kept.contains(ref) || options.skipped().contains(owned.phase())) {
                continue;
            }
            Optional<ObjectNode> live = live(ref);
            if (live.isEmpty()) {
                continue;
            }
            String uid = Json.metadata(live.get(), "uid");
            if (!uid.equals(owned.uid())) {
                notes.add(ref + " is left: it is not the one we wrote (UID " + uid + ", ours was " + owned.uid() + ")");
                continue;
            }
            String version = Json.metadata(live.get(), "resourceVersion");
            Step.Stage stage = owned.stage().restricts() || owned.stage() == Step.Stage.WARN
                    ? Step.Stage.UNRESTRICT
                    : owned.stage() == Step.Stage.HOLD_OPEN ? Step.Stage.CUT_OVER : Step.Stage.DISALLOW;
            Change change;
            if (owned.original().isEmpty()) {
                change = new Change(Action.DELETE, ref, "", uid, version, List.of(), false);
            } else {
                change = restore(owned, live.get());
            }
            items.add(new Item(change, owned.phase(), stage));
        }
    }

    private Change restore(Owned owned, ObjectNode live) {
        List<String> changedSince = new ArrayList<>();
        ObjectNode now = Json.stripped(live);
        ObjectNode back =
                Json.takenBack(owned.original().orElseThrow(), owned.written().orElse(now), now, changedSince);
        changedSince.forEach(field -> notes.add(owned.object() + " keeps what somebody changed since: " + field));
        List<FieldChange> fields = Json.differences(Optional.of(now), Optional.of(back));
        return new Change(
                Action.RESTORE,
                owned.object(),
                Json.text(back),
                Json.metadata(live, "uid"),
                Json.metadata(live, "resourceVersion"),
                fields,
                false);
    }

    Posture posture() {
        return posture;
    }
}
