package io.zta.verify.whatif;

import io.zta.finding.Evidence;
import io.zta.intent.Subject;
import io.zta.rbac.Cut;
import io.zta.rbac.Escalation;
import io.zta.rbac.Rbac;
import io.zta.rbac.Route;
import io.zta.rbac.admission.Admission;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import io.zta.verify.internal.Json;
import io.zta.verify.whatif.Pivot.Turn;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Finds what would keep a subject out of the containers of a namespace, or get it in. */
final class EntryWhatIf {
    private static final int ALTERNATIVES = 3;

    private final Snapshot snapshot;
    private final Subject subject;
    private final String namespace;

    private EntryWhatIf(Snapshot snapshot, Subject subject, String namespace) {
        this.snapshot = snapshot;
        this.subject = subject;
        this.namespace = namespace;
    }

    static Pivot of(Snapshot snapshot, Subject subject, String namespace) {
        return new EntryWhatIf(snapshot, subject, namespace).pivot();
    }

    private static Escalation escalation(Snapshot cluster) {
        Rbac rbac = Rbac.of(cluster);
        return Escalation.of(rbac, Admission.of(cluster, rbac));
    }

    private Pivot pivot() {
        String about = subject + " -> " + namespace;
        Escalation now = escalation(snapshot);
        List<Route> routes = now.routes(subject, namespace);
        if (routes.isEmpty()) {
            Search search = new Search(edits -> getsIn(Edit.applied(edits, snapshot)));
            List<Turn> turns = new ArrayList<>();
            for (Edit edit : search.singles(waysIn(now), ALTERNATIVES)) {
                turns.add(new Turn(List.of(edit), "gets in", true, ""));
            }
            return new Pivot(about, "does not get in", turns, List.of(), search.tried());
        }
        boolean certain = routes.stream().anyMatch(route -> route.doubts().isEmpty());
        Search search = new Search(edits -> escalation(Edit.applied(edits, snapshot))
                .routes(subject, namespace)
                .isEmpty());
        List<Turn> turns = now.cut(subject, namespace).flatMap(cut -> verified(cut, search)).stream()
                .toList();
        return new Pivot(about, certain ? "gets in" : "unknown", turns, List.of(), search.tried());
    }

    private boolean getsIn(Snapshot edited) {
        return escalation(edited).routes(subject, namespace).stream()
                .anyMatch(route -> route.doubts().isEmpty());
    }

    /** A cut is worked out on grants; here it is made on the objects, and all evaluated again. */
    private Optional<Turn> verified(Cut cut, Search search) {
        Map<String, Resource> named = new HashMap<>();
        snapshot.resources().forEach(resource -> named.put(resource.display(), resource));
        List<Edit> edits = new ArrayList<>();
        for (String element : cut.remove()) {
            int rule = element.lastIndexOf(" rules[");
            Resource object = named.get(rule < 0 ? element : element.substring(0, rule));
            if (object == null) {
                return Optional.empty();
            }
            String path = rule < 0 ? "" : element.substring(rule + 1);
            List<FieldPath.Stop> stops = FieldPath.stops(object.tree(), path);
            edits.add(
                    stops.isEmpty()
                            ? Edit.remove(object)
                            : Edit.remove(
                                    object, path, stops.get(stops.size() - 1).node()));
        }
        return search.holds(edits)
                ? Optional.of(new Turn(edits, "does not get in", cut.exact(), ""))
                : Optional.empty();
    }

    /** What admission refuses by, and a binding where rights are wanting. */
    private List<Edit> waysIn(Escalation now) {
        Set<Edit> edits = new LinkedHashSet<>();
        Candidates candidates = new Candidates(snapshot);
        List<Evidence> refusals = now.refusals(subject, namespace);
        refusals.forEach(refusal -> edits.addAll(candidates.fields(refusal)));
        refusals.forEach(refusal -> edits.addAll(candidates.objects(refusal)));
        edits.add(binding());
        return List.copyOf(edits);
    }

    private Edit binding() {
        boolean account = subject.kind() == Subject.Kind.SERVICE_ACCOUNT;
        Map<String, Object> who = Json.object(
                "kind",
                subject.kind().rbac(),
                "apiGroup",
                account ? "" : "rbac.authorization.k8s.io",
                "name",
                subject.name(),
                "namespace",
                account ? Optional.of(subject.namespace()) : Optional.empty());
        String json = Json.compact(Json.object(
                "apiVersion", "rbac.authorization.k8s.io/v1",
                "kind", "RoleBinding",
                "metadata", Json.object("name", "let-in", "namespace", namespace),
                "roleRef", Json.object("apiGroup", "rbac.authorization.k8s.io", "kind", "ClusterRole", "name", "edit"),
                "subjects", List.of(who)));
        return Edit.put(
                Snapshot.ofText("proposed", json).resources().findFirst().orElseThrow());
    }
}
