package io.zta.rbac;

import io.zta.finding.Doubt;
import io.zta.intent.Subject;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Who may do what by the roles and bindings of a snapshot, decided as the API server's RBAC authorizer decides it.
 * Immutable, thread-safe, pure. Rules RBAC-01 to RBAC-16.
 *
 * <p>Start here for questions on rights: {@link #allows}, {@link #grants}, {@link #whoCan}.
 */
public final class Rbac implements Authorizer {
    /** The group that no authorizer is asked about. */
    static final String MASTERS = "system:masters";

    private final Snapshot snapshot;
    private final List<Binding> bindings;
    private final Map<Subject, List<Binding>> bySubject;
    private final Map<String, List<Binding>> byUser = new HashMap<>();
    private final Map<String, List<Binding>> byGroup = new HashMap<>();
    private final Set<Role> roles;
    private final List<Doubt> doubts;
    private final List<RbacReader.Fault> faults;
    private final List<String> assumptions;

    private Rbac(Snapshot snapshot) {
        RbacReader reader = new RbacReader(snapshot);
        this.snapshot = snapshot;
        this.bindings = reader.bindings();
        this.roles = reader.roles();
        this.doubts = reader.doubts();
        this.faults = reader.faults();
        Map<Subject, List<Binding>> subjects = new HashMap<>();
        for (Binding binding : bindings) {
            for (Subject subject : Set.copyOf(binding.subjects())) {
                subjects.computeIfAbsent(subject, key -> new ArrayList<>(2)).add(binding);
            }
        }
        subjects.forEach((subject, list) -> {
            if (subject.kind() == Subject.Kind.GROUP) {
                byGroup.put(subject.name(), list);
            } else {
                byUser.put(subject.userName(), list);
            }
        });
        this.bySubject = subjects;
        List<String> assumed = new ArrayList<>();
        reader.assumption().ifPresent(assumed::add);
        this.assumptions = List.copyOf(assumed);
    }

    /**
     * Reads the roles and bindings of a snapshot, once for each snapshot; Kubernetes' own that it lacks are added
     * ({@link #assumptions}).
     */
    public static Rbac of(Snapshot snapshot) {
        return snapshot.derived(Rbac.class, Rbac::new);
    }

    @Override
    public boolean allows(Identity identity, Attributes asked) {
        if (identity.groups().contains(MASTERS)) {
            return true;
        }
        if (allows(byUser.get(identity.user()), asked)) {
            return true;
        }
        for (String group : identity.groups()) {
            if (allows(byGroup.get(group), asked)) {
                return true;
            }
        }
        return false;
    }

    private static boolean allows(@org.jspecify.annotations.Nullable List<Binding> held, Attributes asked) {
        if (held == null) {
            return false;
        }
        for (Binding binding : held) {
            if (binding.countsIn(asked.namespace())) {
                for (Rule rule : binding.role().rules()) {
                    if (rule.matches(asked)) {
                        return true;
                    }
                }
            }
        }
        return false;
    }

    /**
     * The grants by which an identity may do that, sorted by binding; empty where it may not, and for members of
     * {@code system:masters} without a binding, who need none.
     */
    public List<Grant> grants(Identity identity, Attributes asked) {
        List<Grant> grants = new ArrayList<>();
        for (Subject subject : subjectsOf(identity)) {
            for (Binding binding : bindingsOf(subject)) {
                if (binding.countsIn(asked.namespace())) {
                    for (Rule rule : binding.role().rules()) {
                        if (rule.matches(asked)) {
                            grants.add(Grant.of(subject, binding, rule));
                        }
                    }
                }
            }
        }
        grants.sort(ORDER);
        return List.copyOf(grants);
    }

    static final java.util.Comparator<Grant> ORDER = java.util.Comparator.comparing(Grant::toString);

    private static Set<Subject> subjectsOf(Identity identity) {
        Set<Subject> subjects = new TreeSet<>();
        subjects.add(RbacReader.user(identity.user()));
        identity.groups().forEach(group -> subjects.add(Subject.group(group)));
        return subjects;
    }

    /**
     * Every subject that a binding gives this action directly, sorted; what Kubernetes itself binds included.
     *
     * @param action what is to be done
     * @param namespace where; empty for anywhere. A grant for every namespace answers for each
     */
    public List<WhoCan> whoCan(Action action, Optional<String> namespace) {
        return WhoCan.directly(this, action, namespace);
    }

    /** Every subject that bindings name, sorted. */
    public Set<Subject> subjects() {
        return Collections.unmodifiableSet(new TreeSet<>(bySubject.keySet()));
    }

    /** What of the roles and bindings could not be read. */
    public List<Doubt> doubts() {
        return doubts;
    }

    /** What was taken as given, one sentence each. */
    public List<String> assumptions() {
        return assumptions;
    }

    Snapshot snapshot() {
        return snapshot;
    }

    List<Binding> bindings() {
        return bindings;
    }

    /** Roles and cluster roles, in the order of their names. */
    Set<Role> roles() {
        return roles;
    }

    Set<Subject> unsortedSubjects() {
        return bySubject.keySet();
    }

    List<Binding> bindingsOf(Subject subject) {
        return bySubject.getOrDefault(subject, List.of());
    }

    List<RbacReader.Fault> faults() {
        return faults;
    }

    /** Bindings to individual users, by user. */
    Map<String, List<Binding>> bindingsOfUsers() {
        Map<String, List<Binding>> users = new TreeMap<>();
        byUser.forEach((name, list) -> {
            if (!name.startsWith("system:")) {
                users.put(name, list);
            }
        });
        return users;
    }
}
