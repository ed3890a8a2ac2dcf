package io.zta.rbac.audit;

import io.zta.rbac.Attributes;
import io.zta.rbac.Identity;
import io.zta.snapshot.Node;
import io.zta.snapshot.Resource;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * An audit policy (audit.k8s.io), evaluated as the API server does: the first rule that matches decides, and what none
 * matches is not recorded. Immutable, pure. Rules AUD-01 to AUD-15 of docs/semantics/audit.md.
 */
public final class AuditPolicy {
    /** How much of a request is recorded. */
    public enum Level {
        /** Nothing. */
        NONE,
        /** Who asked for what, and what came of it. */
        METADATA,
        /** What was sent as well. */
        REQUEST,
        /** What was sent and what was answered. */
        REQUEST_RESPONSE;

        static Optional<Level> of(String text) {
            return switch (text) {
                case "None" -> Optional.of(NONE);
                case "Metadata" -> Optional.of(METADATA);
                case "Request" -> Optional.of(REQUEST);
                case "RequestResponse" -> Optional.of(REQUEST_RESPONSE);
                default -> Optional.empty();
            };
        }
    }

    /** When in the life of a request an event is written. */
    public enum Stage {
        /** Before the request is handled. */
        REQUEST_RECEIVED,
        /** When a stream opens: exec, attach, port-forward, watch. */
        RESPONSE_STARTED,
        /** When all is sent; of a stream when it ends. */
        RESPONSE_COMPLETE,
        /** When the server failed at it. */
        PANIC;

        static Optional<Stage> of(String text) {
            return switch (text) {
                case "RequestReceived" -> Optional.of(REQUEST_RECEIVED);
                case "ResponseStarted" -> Optional.of(RESPONSE_STARTED);
                case "ResponseComplete" -> Optional.of(RESPONSE_COMPLETE);
                case "Panic" -> Optional.of(PANIC);
                default -> Optional.empty();
            };
        }
    }

    /**
     * What the policy makes of a request.
     *
     * @param level how much is recorded
     * @param stages when; empty where nothing is recorded
     * @param rule the index of the rule that decided; empty where none matched
     */
    public record Decision(Level level, Set<Stage> stages, OptionalInt rule) {
        public Decision {
            stages = Set.copyOf(stages);
        }
    }

    private final Resource resource;
    private final List<Node> rules;

    private AuditPolicy(Resource resource) {
        this.resource = resource;
        this.rules = resource.tree().get("rules").items();
    }

    /** Reads a policy. Nothing of it is checked yet: see {@link #problem}. */
    public static AuditPolicy of(Resource resource) {
        return new AuditPolicy(resource);
    }

    /** Why an API server would not start with it, or what in it is not known here; empty where it is sound. */
    public Optional<String> problem() {
        if (!Set.of("audit.k8s.io/v1").contains(resource.apiVersion())) {
            return Optional.of("the version " + resource.apiVersion() + " is not one we read");
        }
        if (rules.isEmpty()) {
            return Optional.of("it has no rules, with which no API server starts");
        }
        for (int i = 0; i < rules.size(); i++) {
            String where = "rules[" + i + "]";
            Optional<String> fault = fault(rules.get(i));
            if (fault.isPresent()) {
                return Optional.of(where + fault.get());
            }
        }
        return unknownStage(resource.tree()) ? Optional.of("omitStages names a stage that is none") : Optional.empty();
    }

    private static Optional<String> fault(Node rule) {
        String level = rule.get("level").textOr("");
        if (Level.of(level).isEmpty()) {
            return Optional.of(".level is \"" + level + "\", which is no level");
        }
        for (String list : List.of("users", "userGroups", "verbs", "namespaces", "nonResourceURLs", "omitStages")) {
            if (!rule.get(list).isTextArray()) {
                return Optional.of("." + list + " is no list of texts");
            }
        }
        if (unknownStage(rule)) {
            return Optional.of(".omitStages names a stage that is none");
        }
        Node groups = rule.get("resources");
        if (groups.isPresent() && !groups.isArray()) {
            return Optional.of(".resources is no list");
        }
        for (Node group : groups.items()) {
            if (!group.isObject()
                    || !group.get("resources").isTextArray()
                    || !group.get("resourceNames").isTextArray()) {
                return Optional.of(".resources has an item that is no group with lists of texts");
            }
            if (group.get("resources").size() == 0 && group.get("resourceNames").size() > 0) {
                return Optional.of(".resources gives resourceNames without resources");
            }
        }
        if (rule.get("nonResourceURLs").size() > 0
                && (groups.size() > 0 || rule.get("namespaces").size() > 0)) {
            return Optional.of(" has nonResourceURLs beside resources or namespaces");
        }
        return Optional.empty();
    }

    private static boolean unknownStage(Node node) {
        return node.get("omitStages").texts().stream()
                .anyMatch(stage -> Stage.of(stage).isEmpty());
    }

    /** The object it was read from. */
    public Resource resource() {
        return resource;
    }

    List<Node> rules() {
        return rules;
    }

    /**
     * Decides a request.
     *
     * @param identity who asks: the one who authenticated, not whom it impersonates
     */
    public Decision decide(Identity identity, Attributes request) {
        for (int i = 0; i < rules.size(); i++) {
            Node rule = rules.get(i);
            if (matches(rule, identity, request)) {
                Level level = Level.of(rule.get("level").textOr("")).orElse(Level.NONE);
                Set<Stage> stages = EnumSet.allOf(Stage.class);
                omit(stages, resource.tree());
                omit(stages, rule);
                return new Decision(level, level == Level.NONE ? Set.of() : stages, OptionalInt.of(i));
            }
        }
        return new Decision(Level.NONE, Set.of(), OptionalInt.empty());
    }

    private static void omit(Set<Stage> stages, Node from) {
        from.get("omitStages").texts().forEach(stage -> Stage.of(stage).ifPresent(stages::remove));
    }

    private static boolean matches(Node rule, Identity identity, Attributes request) {
        List<String> verbs = rule.get("verbs").texts();
        return matchesWhateverVerb(rule, identity, request)
                && (verbs.isEmpty() || verbs.contains(request.verb().toLowerCase(Locale.ROOT)));
    }

    /** Whether a rule would match if it named every verb. */
    static boolean matchesWhateverVerb(Node rule, Identity identity, Attributes request) {
        List<String> users = rule.get("users").texts();
        List<String> groups = rule.get("userGroups").texts();
        if (!users.isEmpty() && !users.contains(identity.user())
                || !groups.isEmpty() && identity.groups().stream().noneMatch(groups::contains)) {
            return false;
        }
        List<String> namespaces = rule.get("namespaces").texts();
        List<Node> resources = rule.get("resources").items();
        if (!namespaces.isEmpty() || !resources.isEmpty()) {
            return request.path().isEmpty()
                    && (namespaces.isEmpty() || namespaces.contains(request.namespace()))
                    && (resources.isEmpty() || resources.stream().anyMatch(group -> covers(group, request)));
        }
        List<String> paths = rule.get("nonResourceURLs").texts();
        return paths.isEmpty()
                || !request.path().isEmpty() && paths.stream().anyMatch(path -> covers(path, request.path()));
    }

    private static boolean covers(Node group, Attributes request) {
        if (!group.get("group").textOr("").equals(request.group())) {
            return false;
        }
        List<String> resources = group.get("resources").texts();
        if (resources.isEmpty()) {
            return true;
        }
        List<String> names = group.get("resourceNames").texts();
        if (!names.isEmpty() && !names.contains(request.name())) {
            return false;
        }
        String sub = request.subresource();
        String whole = sub.isEmpty() ? request.resource() : request.resource() + "/" + sub;
        return resources.stream()
                .anyMatch(resource -> resource.equals("*")
                        || resource.equals(whole)
                        || !sub.isEmpty() && resource.equals("*/" + sub)
                        || resource.equals(request.resource() + "/*"));
    }

    private static boolean covers(String pattern, String path) {
        return pattern.endsWith("*")
                ? path.startsWith(pattern.substring(0, pattern.length() - 1))
                : pattern.equals(path);
    }
}
