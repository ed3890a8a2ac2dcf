package io.zta.rbac;

import io.zta.finding.Evidence;
import io.zta.intent.Subject;
import io.zta.snapshot.Node;
import io.zta.snapshot.Resource;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * One reason for a right: a binding names a subject and a role, and a rule of the role gives the right.
 *
 * @param subject the subject as the binding names it
 * @param binding the RoleBinding or ClusterRoleBinding
 * @param role the role it refers to
 * @param source the role that holds the rule: another one where {@code role} aggregates it
 * @param rule the index of the rule in {@code source}
 * @param namespace where it counts; empty for everywhere
 * @param names the object names it is limited to; empty for every name
 */
public record Grant(
        Subject subject,
        Resource binding,
        Resource role,
        Resource source,
        int rule,
        String namespace,
        Set<String> names) {
    public Grant {
        names = Collections.unmodifiableSet(new TreeSet<>(names));
    }

    static Grant of(Subject subject, Binding binding, Rule rule) {
        return new Grant(
                subject,
                binding.resource(),
                binding.role().resource(),
                rule.source(),
                rule.index(),
                binding.namespace(),
                rule.names());
    }

    /** The fields it rests on: the rule, the subject of the binding, the role it refers to. */
    public List<Evidence> evidence() {
        return List.of(ruleEvidence(), subjectEvidence(), roleEvidence());
    }

    /** The rule as written. */
    public Evidence ruleEvidence() {
        return Evidence.of(
                source, "rules[" + rule + "]", source.tree().get("rules").item(rule));
    }

    Evidence subjectEvidence() {
        List<Node> subjects = binding.tree().get("subjects").items();
        for (int i = 0; i < subjects.size(); i++) {
            if (subjects.get(i).get("name").textOr("").equals(subject.name())
                    || subjects.get(i).get("name").textOr("").equals(subject.userName())) {
                return Evidence.of(binding, "subjects[" + i + "]", subjects.get(i));
            }
        }
        return Evidence.of(binding, "subjects", binding.tree().get("subjects"));
    }

    Evidence roleEvidence() {
        return Evidence.of(binding, "roleRef", binding.tree().get("roleRef"));
    }

    /** Equal when subject, binding and rule are: contents of objects are not compared. */
    @Override
    @SuppressWarnings("ReferenceEquality")
    public boolean equals(Object other) {
        return other instanceof Grant that
                && rule == that.rule
                && subject.equals(that.subject)
                && sameObject(binding, that.binding)
                && sameObject(role, that.role)
                && sameObject(source, that.source);
    }

    @SuppressWarnings("ReferenceEquality")
    private static boolean sameObject(Resource one, Resource other) {
        return one == other
                || one.type().equals(other.type())
                        && one.namespace().equals(other.namespace())
                        && one.name().equals(other.name());
    }

    @Override
    public int hashCode() {
        return ((subject.hashCode() * 31 + binding.name().hashCode()) * 31
                                + binding.namespace().hashCode())
                        * 31
                + source.name().hashCode() * 31
                + rule;
    }

    /** {@code RoleBinding shop/devs -> ClusterRole edit -> ClusterRole system:aggregate-to-edit rules[3]}. */
    @Override
    public String toString() {
        String holder = source.equals(role) ? "" : source.display() + " ";
        return binding.display() + " -> " + role.display() + (holder.isEmpty() ? " " : " -> " + holder) + "rules["
                + rule + "]" + (names.isEmpty() ? "" : " names " + names);
    }
}
