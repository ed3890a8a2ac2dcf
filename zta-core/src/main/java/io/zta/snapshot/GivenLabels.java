package io.zta.snapshot;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Labels that controllers give to the pods they make from a template, which has none of them. Only those that a selector of
 * the snapshot asks for make a difference; a value that nobody can know from the template, a hash, may be each that is asked
 * for. See the well-known labels of the Kubernetes documentation. Immutable.
 */
final class GivenLabels {
    /** No label has this value, so no selector names it. */
    private static final String UNASKED = "?";

    private static final String POD_NAME = "statefulset.kubernetes.io/pod-name";
    private static final String POD_INDEX = "apps.kubernetes.io/pod-index";
    private static final Set<String> JOB_NAME = Set.of("batch.kubernetes.io/job-name", "job-name");
    private static final Set<String> JOB_UID = Set.of("batch.kubernetes.io/controller-uid", "controller-uid");
    private static final Set<String> COMPLETION = Set.of("batch.kubernetes.io/job-completion-index");
    private static final Set<String> TEMPLATE_HASH = Set.of("pod-template-hash");
    private static final Set<String> REVISION = Set.of("controller-revision-hash");
    private static final Set<String> GENERATION = Set.of("pod-template-generation");

    /** The keys of all of them. */
    static final Set<String> KEYS = Set.of(
            POD_NAME,
            POD_INDEX,
            "batch.kubernetes.io/job-name",
            "job-name",
            "batch.kubernetes.io/controller-uid",
            "controller-uid",
            "batch.kubernetes.io/job-completion-index",
            "pod-template-hash",
            "controller-revision-hash",
            "pod-template-generation");

    /** A pod that a template becomes: its name, and the labels that the template lacks. */
    record Given(String name, Map<String, String> labels) {
        Given with(String otherName, Map<String, String> more) {
            Map<String, String> all = new LinkedHashMap<>(labels);
            all.putAll(more);
            return new Given(otherName, all);
        }
    }

    private final Map<String, Set<String>> asked = new TreeMap<>();

    /** What the selectors of a snapshot ask for; looked for once for each. */
    static GivenLabels of(Snapshot snapshot) {
        return snapshot.derived(GivenLabels.class, GivenLabels::new);
    }

    private GivenLabels(Snapshot snapshot) {
        for (GroupKind type : snapshot.counts().keySet()) {
            if (type.equals(GroupKind.SERVICE)
                    || type.group().endsWith("networking.k8s.io")
                    || type.group().endsWith(".istio.io")) {
                snapshot.resources(type).forEach(resource -> collect(resource.spec()));
            }
        }
    }

    /** Whether templates become the same pods by both. */
    boolean asksLike(GivenLabels other) {
        return asked.equals(other.asked);
    }

    private void collect(Node node) {
        String key = node.get("key").textOr("");
        if (KEYS.contains(key)) {
            values(key).addAll(node.get("values").texts());
        }
        node.fields().forEach((field, value) -> {
            if (KEYS.contains(field)) {
                value.text().ifPresentOrElse(values(field)::add, () -> values(field));
            }
            collect(value);
        });
        node.items().forEach(this::collect);
    }

    private Set<String> values(String key) {
        return asked.computeIfAbsent(key, fresh -> new TreeSet<>());
    }

    /** The pods of a workload that a selector can tell apart; one at least. */
    List<Given> of(Resource workload, String name) {
        List<Given> pods = List.of(new Given(name, Map.of()));
        if (asked.isEmpty()) {
            return pods;
        }
        return switch (workload.type().kind()) {
            case "Deployment" -> unknown(pods, TEMPLATE_HASH);
            case "DaemonSet" -> unknown(unknown(pods, REVISION), GENERATION);
            case "StatefulSet" -> unknown(ordinals(workload, name), REVISION);
            case "CronJob" -> unknown(unknown(pods, JOB_NAME), JOB_UID);
            case "Job" -> {
                Map<String, String> labels = new LinkedHashMap<>();
                JOB_NAME.forEach(key -> labels.put(key, name));
                boolean indexed =
                        workload.spec().get("completionMode").textOr("").equals("Indexed");
                List<Given> named = unknown(List.of(new Given(name, labels)), JOB_UID);
                yield indexed ? unknown(named, COMPLETION) : named;
            }
            default -> pods;
        };
    }

    /** The same pods, each with each value that is asked for of these keys, and with another. */
    private List<Given> unknown(List<Given> pods, Set<String> keys) {
        Set<String> possible = new TreeSet<>();
        boolean matters = false;
        for (String key : keys) {
            matters |= asked.containsKey(key);
            possible.addAll(asked.getOrDefault(key, Set.of()));
        }
        if (!matters) {
            return pods;
        }
        List<Given> all = new ArrayList<>();
        for (Given pod : pods) {
            all.add(pod.with(pod.name(), labelled(keys, UNASKED)));
            possible.forEach(value -> all.add(pod.with(pod.name() + "-" + value, labelled(keys, value))));
        }
        return all;
    }

    private static Map<String, String> labelled(Set<String> keys, String value) {
        Map<String, String> labels = new LinkedHashMap<>();
        keys.forEach(key -> labels.put(key, value));
        return labels;
    }

    /** The replicas that are asked for by name or number, and the first of the others. */
    private List<Given> ordinals(Resource workload, String name) {
        Set<String> names = asked.getOrDefault(POD_NAME, Set.of());
        Set<String> numbers = asked.getOrDefault(POD_INDEX, Set.of());
        if (!asked.containsKey(POD_NAME) && !asked.containsKey(POD_INDEX)) {
            return List.of(new Given(name, Map.of()));
        }
        int first = workload.spec().at("ordinals", "start").integer().orElse(0);
        OptionalInt replicas = workload.spec().get("replicas").integer();
        // Where the number is left out an autoscaler may set it; a workload of none stands for one pod, as others do.
        long end = first + (replicas.isPresent() ? Math.max(1L, replicas.getAsInt()) : Integer.MAX_VALUE);
        Set<Long> ordinals = new TreeSet<>();
        names.stream()
                .filter(text -> text.startsWith(name + "-"))
                .map(text -> text.substring(name.length() + 1))
                .forEach(text -> add(ordinals, text, first, end));
        numbers.forEach(text -> add(ordinals, text, first, end));
        for (long other = first; other < end; other++) {
            if (ordinals.add(other)) {
                break;
            }
        }
        List<Given> pods = new ArrayList<>();
        for (long ordinal : ordinals) {
            String pod = name + "-" + ordinal;
            pods.add(new Given(pod, Map.of(POD_NAME, pod, POD_INDEX, "" + ordinal)));
        }
        return pods;
    }

    private static void add(Set<Long> ordinals, String text, long first, long end) {
        if (text.matches("0|[1-9][0-9]{0,9}")) {
            long ordinal = Long.parseLong(text);
            if (first <= ordinal && ordinal < end) {
                ordinals.add(ordinal);
            }
        }
    }
}
