package io.zta.rbac;

import io.zta.intent.Subject;
import io.zta.rbac.Holder.Held;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/** The graph of escalation: from each place the steps to others, found when first asked for. Not thread-safe. */
final class Ways {
    private final Situation situation;
    private final Map<Place, List<Step>> known = new HashMap<>();

    Ways(Situation situation) {
        this.situation = situation;
    }

    Situation situation() {
        return situation;
    }

    /** Every step from a place. */
    List<Step> from(Place place) {
        List<Step> steps = known.get(place);
        if (steps == null) {
            steps = List.copyOf(find(place));
            known.put(place, steps);
        }
        return steps;
    }

    private List<Step> find(Place place) {
        return switch (place.kind()) {
            case SUBJECT -> ofSubject(place);
            case ACCOUNTS -> ofAccounts(place);
            case USERS -> ofSubjects(place, Subject.Kind.USER, false);
            case GROUPS -> ofSubjects(place, Subject.Kind.GROUP, true);
            case ORDINARY_GROUPS -> ofSubjects(place, Subject.Kind.GROUP, false);
            case HOST, INJECTED ->
                List.of(new Step(
                        place,
                        Place.accounts("*"),
                        place.kind() == Place.Kind.HOST ? "API-hostpod" : "API-webhook",
                        "reads the tokens of the pods it is in",
                        List.of(),
                        List.of(),
                        List.of()));
            case INSIDE -> List.of();
        };
    }

    private List<Step> ofSubject(Place place) {
        Holder holder = situation.holder(place);
        if (holder.isPowerless()) {
            return List.of();
        }
        List<Step> steps = new ArrayList<>(IdentitySteps.of(situation, place, holder));
        steps.addAll(PodSteps.of(situation, place, holder));
        steps.addAll(RoleSteps.of(situation, place, holder));
        return steps;
    }

    private List<Step> ofAccounts(Place place) {
        List<Step> steps = new ArrayList<>();
        if (place.scope().equals("*")) {
            situation.namespaces().forEach(namespace -> steps.add(inner(place, Place.accounts(namespace))));
        } else {
            for (String name : situation.accountsIn(place.scope())) {
                steps.add(inner(place, Place.of(Subject.serviceAccount(place.scope(), name))));
            }
        }
        return steps;
    }

    private List<Step> ofSubjects(Place place, Subject.Kind kind, boolean masters) {
        List<Step> steps = new ArrayList<>();
        for (Subject subject : new TreeSet<>(situation.rbac().unsortedSubjects())) {
            boolean refused = !masters && subject.equals(Subject.group(Rbac.MASTERS));
            if (subject.kind() == kind && !refused) {
                steps.add(inner(place, Place.of(subject)));
            }
        }
        return steps;
    }

    private static Step inner(Place from, Place to) {
        String who = to.subject().map(Subject::toString).orElse("one of namespace " + to.scope());
        return new Step(from, to, "", "picks " + who, List.of(), List.of(), List.of());
    }

    /** How somebody takes away an admission policy, a binding of one or a webhook; no policy can guard these. */
    Optional<Step> removesDeny(Place place) {
        if (place.kind() != Place.Kind.SUBJECT || situation.gate().isAbsent()) {
            return Optional.empty();
        }
        for (Held held : situation.holder(place).grants(Privilege.DENY_REMOVE)) {
            boolean ours = held.named()
                    ? held.rule().names().stream().anyMatch(situation.policies()::contains)
                    : !situation.policies().isEmpty();
            if (ours) {
                return Optional.of(new Step(
                        place,
                        place,
                        "API-webhook",
                        "changes or deletes the admission policies that stand in the way",
                        List.of(held.grant()),
                        List.of(),
                        List.of()));
            }
        }
        return Optional.empty();
    }
}
