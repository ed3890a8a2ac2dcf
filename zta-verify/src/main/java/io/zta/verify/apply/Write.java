package io.zta.verify.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zta.verify.apply.Change.Action;
import java.util.Optional;

/**
 * One write as the inventory keeps it: what was there before, what was sent, and what was there after.
 *
 * @param before the object before, stripped of what the server keeps for itself; empty where there was none
 * @param beforeUid its UID
 * @param beforeVersion its resourceVersion
 * @param after the object after; empty where it is gone or the write was not made
 * @param afterUid its UID
 * @param afterVersion its resourceVersion
 * @param made whether the write was made; empty as long as that is not known
 */
record Write(
        Action action,
        ObjectRef object,
        Optional<ObjectNode> before,
        String beforeUid,
        String beforeVersion,
        String desired,
        boolean forced,
        Optional<ObjectNode> after,
        String afterUid,
        String afterVersion,
        Optional<Boolean> made) {

    static Write ahead(Change change, Optional<ObjectNode> live) {
        return new Write(
                change.action(),
                change.object(),
                live.map(Json::stripped),
                live.map(object -> Json.metadata(object, "uid")).orElse(""),
                live.map(object -> Json.metadata(object, "resourceVersion")).orElse(""),
                change.desired(),
                change.forced(),
                Optional.empty(),
                "",
                "",
                Optional.empty());
    }

    Write done(Optional<ObjectNode> live) {
        return new Write(
                action,
                object,
                before,
                beforeUid,
                beforeVersion,
                desired,
                forced,
                live.map(Json::stripped),
                live.map(node -> Json.metadata(node, "uid")).orElse(""),
                live.map(node -> Json.metadata(node, "resourceVersion")).orElse(""),
                Optional.of(true));
    }

    /** The same, where the object it left behind was deleted under that UID since and made again as this one. */
    Write madeAgain(String uid, JsonNode again) {
        return uid.isEmpty() || !afterUid.equals(uid)
                ? this
                : new Write(
                        action,
                        object,
                        before,
                        beforeUid,
                        beforeVersion,
                        desired,
                        forced,
                        after,
                        Json.metadata(again, "uid"),
                        Json.metadata(again, "resourceVersion"),
                        made);
    }

    Write notMade() {
        return new Write(
                action,
                object,
                before,
                beforeUid,
                beforeVersion,
                desired,
                forced,
                Optional.empty(),
                "",
                "",
                Optional.of(false));
    }

    /**
     * Decides from the object as it is now whether a write of which no answer is known was made. Ours is what our field
     * manager owns and what is another version than before.
     */
    Write settled(Optional<ObjectNode> live) {
        if (made.isPresent()) {
            return this;
        }
        boolean gone = live.isEmpty();
        if (action == Action.DELETE) {
            return gone && before.isPresent() ? done(live) : notMade();
        }
        if (gone) {
            return notMade();
        }
        String uid = Json.metadata(live.get(), "uid");
        String version = Json.metadata(live.get(), "resourceVersion");
        boolean untouched = uid.equals(beforeUid) && version.equals(beforeVersion);
        return !untouched && managedByUs(live.get()) ? done(live) : notMade();
    }

    static boolean managedByUs(JsonNode object) {
        for (JsonNode entry : object.path("metadata").path("managedFields")) {
            if (entry.path("manager").asText().startsWith(Api.MANAGER)) {
                return true;
            }
        }
        return false;
    }

    ObjectNode json() {
        ObjectNode node = Json.MAPPER.createObjectNode();
        node.put("action", action.name());
        node.put("apiVersion", object.apiVersion()).put("kind", object.kind());
        node.put("namespace", object.namespace()).put("name", object.name());
        before.ifPresent(value -> node.set("before", value));
        node.put("beforeUid", beforeUid).put("beforeVersion", beforeVersion);
        node.put("desired", desired).put("forced", forced);
        after.ifPresent(value -> node.set("after", value));
        node.put("afterUid", afterUid).put("afterVersion", afterVersion);
        made.ifPresent(value -> node.put("made", value));
        return node;
    }

    static Write of(JsonNode node) {
        return new Write(
                Action.valueOf(node.path("action").asText()),
                new ObjectRef(
                        node.path("apiVersion").asText(),
                        node.path("kind").asText(),
                        node.path("namespace").asText(),
                        node.path("name").asText()),
                object(node.get("before")),
                node.path("beforeUid").asText(),
                node.path("beforeVersion").asText(),
                node.path("desired").asText(),
                node.path("forced").asBoolean(),
                object(node.get("after")),
                node.path("afterUid").asText(),
                node.path("afterVersion").asText(),
                node.has("made") ? Optional.of(node.path("made").asBoolean()) : Optional.empty());
    }

    private static Optional<ObjectNode> object(@org.jspecify.annotations.Nullable JsonNode node) {
        return node instanceof ObjectNode value ? Optional.of(value) : Optional.empty();
    }
}
