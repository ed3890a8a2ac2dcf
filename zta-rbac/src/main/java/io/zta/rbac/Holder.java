package io.zta.rbac;

import io.zta.intent.Subject;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** What one place holds: the bindings of its subject, of the groups it carries, and what it gave itself. */
final class Holder {
    /** A grant with the rule it stands for. */
    record Held(Grant grant, Rule rule, Binding binding) {
        String scope() {
            return binding.namespace();
        }

        boolean named() {
            return !rule.names().isEmpty();
        }
    }

    private record Bound(Subject subject, Binding binding) {}

    private final Identity identity;
    private final List<Bound> bound = new ArrayList<>();
    private final Set<String> removed;

    Holder(Rbac rbac, Place place, Set<String> removed) {
        Subject subject = place.subject().orElseThrow();
        this.identity = Identity.of(subject);
        this.removed = removed;
        add(rbac, subject);
        for (String group : identity.groups()) {
            Subject member = Subject.group(group);
            if (!member.equals(subject)) {
                add(rbac, member);
            }
        }
        place.extra().ifPresent(extra -> bound.add(new Bound(subject, extra)));
    }

    private void add(Rbac rbac, Subject subject) {
        for (Binding binding : rbac.bindingsOf(subject)) {
            if (removed.isEmpty() || !removed.contains(Cut.element(binding.resource()))) {
                bound.add(new Bound(subject, binding));
            }
        }
    }

    Identity identity() {
        return identity;
    }

    /** The grants of a privilege, in the order of bindings. */
    List<Held> grants(Privilege privilege) {
        List<Held> grants = new ArrayList<>(2);
        for (Bound entry : bound) {
            Binding binding = entry.binding();
            if (binding.role().gives(privilege) && (binding.namespace().isEmpty() || !privilege.isClusterScoped())) {
                for (Rule rule : binding.role().rules()) {
                    if (privilege.isGivenBy(rule)
                            && (removed.isEmpty() || !removed.contains(Cut.element(rule.source(), rule.index())))) {
                        grants.add(new Held(Grant.of(entry.subject(), binding, rule), rule, binding));
                    }
                }
            }
        }
        return grants;
    }

    boolean holds(Privilege privilege) {
        return bound.stream().anyMatch(entry -> entry.binding().role().gives(privilege))
                && !grants(privilege).isEmpty();
    }

    /** Whether it holds nothing that leads anywhere. */
    boolean isPowerless() {
        return bound.stream().noneMatch(entry -> entry.binding().role().givesAny());
    }

    /** The bindings it is bound by. */
    List<Binding> bindings() {
        return bound.stream().map(Bound::binding).toList();
    }

    /** Names of pods that it may enter by name alone, beside the unnamed one. */
    Set<String> enterNames() {
        Set<String> names = new TreeSet<>();
        names.add("");
        for (Bound entry : bound) {
            for (Rule rule : entry.binding().role().rules()) {
                if (!rule.names().isEmpty() && rule.covers("enter", "zta.io", "containers", "")) {
                    names.addAll(rule.names());
                }
            }
        }
        return names;
    }

    /** Whether what it gave itself lets it enter containers of a namespace, by the allow-list's right. */
    static boolean givesEnter(Optional<Binding> extra, String namespace) {
        return extra.filter(binding -> binding.countsIn(namespace))
                .map(binding -> binding.role().rules().stream()
                        .anyMatch(rule -> rule.names().isEmpty() && rule.covers("enter", "zta.io", "containers", "")))
                .orElse(false);
    }
}
