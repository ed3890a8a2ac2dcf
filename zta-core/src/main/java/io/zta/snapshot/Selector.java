package io.zta.snapshot;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * A label selector (Kubernetes {@code LabelSelector}): {@code matchLabels} and {@code matchExpressions}, all of which must
 * hold. {@code NotIn} and {@code DoesNotExist} also hold for a label that is not there. Immutable.
 */
public final class Selector {
    /** The selector that matches everything, {@code {}}. */
    public static final Selector EVERYTHING = new Selector(List.of(), Optional.empty());

    /** How a requirement looks at its label. */
    public enum Operator {
        /** The label is there with one of the values. */
        IN,
        /** The label has none of the values, or is not there. */
        NOT_IN,
        /** The label is there. */
        EXISTS,
        /** The label is not there. */
        DOES_NOT_EXIST
    }

    /**
     * What must hold of one label.
     *
     * @param key the label
     * @param operator how it is looked at
     * @param values the values of {@code IN} and {@code NOT_IN}, sorted
     */
    public record Requirement(String key, Operator operator, Set<String> values) {
        /** Whether labels meet this. */
        public boolean matches(Map<String, String> labels) {
            String value = labels.get(key);
            return switch (operator) {
                case IN -> value != null && values.contains(value);
                case NOT_IN -> value == null || !values.contains(value);
                case EXISTS -> value != null;
                case DOES_NOT_EXIST -> value == null;
            };
        }
    }

    /** A label's key: a name, after the DNS subdomain of whoever defines it. */
    private static final Pattern KEY = Pattern.compile("(?:(?=[^/]{1,253}/)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
            + "(?:\\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?");

    private static final Pattern VALUE = Pattern.compile("(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?");

    private final List<Requirement> requirements;
    private final Optional<String> unreadable;

    private Selector(List<Requirement> requirements, Optional<String> unreadable) {
        this.requirements = List.copyOf(requirements);
        this.unreadable = unreadable;
    }

    /** The selector of exactly these labels. */
    public static Selector labels(Map<String, String> labels) {
        List<Requirement> requirements = new ArrayList<>();
        labels.forEach((key, value) -> requirements.add(new Requirement(key, Operator.IN, Set.of(value))));
        return new Selector(requirements, Optional.empty());
    }

    /**
     * Reads a {@code LabelSelector}. An absent node is read as {@code {}}: callers for whom null means "nothing" look
     * before they ask. One that can't be read has {@link #unreadable()}.
     */
    public static Selector of(Node node) {
        if (node.isAbsent()) {
            return EVERYTHING;
        }
        if (!node.isObject()) {
            return unreadable("a selector must be a map, but is " + node);
        }
        for (String field : node.fields().keySet()) {
            if (!field.equals("matchLabels") && !field.equals("matchExpressions")) {
                return unreadable("a selector has no field \"" + field + "\"");
            }
        }
        List<Requirement> requirements = new ArrayList<>();
        Node labels = node.get("matchLabels");
        if (labels.isPresent() && !labels.isObject()) {
            return unreadable("matchLabels must be a map, but is " + labels);
        }
        for (Map.Entry<String, Node> label : labels.fields().entrySet()) {
            if (label.getValue().isObject() || label.getValue().isArray()) {
                return unreadable("matchLabels." + label.getKey() + " must be text, but is " + label.getValue());
            }
            String value = label.getValue().textOr("");
            Optional<String> refused = refused(label.getKey(), List.of(value));
            if (refused.isPresent()) {
                return unreadable(refused.get());
            }
            requirements.add(new Requirement(label.getKey(), Operator.IN, Set.of(value)));
        }
        Node expressions = node.get("matchExpressions");
        if (expressions.isPresent() && !expressions.isArray()) {
            return unreadable("matchExpressions must be a list, but is " + expressions);
        }
        for (Node expression : expressions.items()) {
            String key = expression.get("key").textOr("");
            Node values = expression.get("values");
            Optional<Operator> operator = operator(expression.get("operator").textOr(""));
            if (key.isEmpty() || operator.isEmpty() || !values.isTextArray()) {
                return unreadable("cannot read the expression " + expression);
            }
            boolean needsValues = operator.get() == Operator.IN || operator.get() == Operator.NOT_IN;
            if (needsValues == (values.size() == 0)) {
                return unreadable("the API server refuses the values of the expression " + expression);
            }
            Optional<String> refused = refused(key, values.texts());
            if (refused.isPresent()) {
                return unreadable(refused.get());
            }
            requirements.add(new Requirement(key, operator.get(), new TreeSet<>(values.texts())));
        }
        return new Selector(requirements, Optional.empty());
    }

    /** Why the API server refuses a requirement: what no object can wear as a label. */
    private static Optional<String> refused(String key, List<String> values) {
        if (!KEY.matcher(key).matches()) {
            return Optional.of("\"" + key + "\" is no key of a label");
        }
        return values.stream()
                .filter(value -> !VALUE.matcher(value).matches())
                .findFirst()
                .map(value -> "\"" + value + "\" is no value of a label");
    }

    private static Selector unreadable(String why) {
        return new Selector(List.of(), Optional.of(why));
    }

    private static Optional<Operator> operator(String text) {
        return switch (text) {
            case "In" -> Optional.of(Operator.IN);
            case "NotIn" -> Optional.of(Operator.NOT_IN);
            case "Exists" -> Optional.of(Operator.EXISTS);
            case "DoesNotExist" -> Optional.of(Operator.DOES_NOT_EXIST);
            default -> Optional.empty();
        };
    }

    /** Why this selector can't be read; then {@link #matches} is meaningless and the verdict Unknown. */
    public Optional<String> unreadable() {
        return unreadable;
    }

    /** Whether an object with these labels is selected. */
    public boolean matches(Map<String, String> labels) {
        for (Requirement requirement : requirements) {
            if (!requirement.matches(labels)) {
                return false;
            }
        }
        return true;
    }

    /** What must hold, in the order written; empty for a selector of everything. */
    public List<Requirement> requirements() {
        return requirements;
    }

    /** Whether everything is selected. */
    public boolean isEverything() {
        return requirements.isEmpty() && unreadable.isEmpty();
    }

    /** The label keys this selector looks at. */
    public Set<String> keys() {
        Set<String> keys = new TreeSet<>();
        requirements.forEach(requirement -> keys.add(requirement.key()));
        return keys;
    }
}
