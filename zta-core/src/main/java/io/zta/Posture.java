package io.zta;

import io.zta.compile.Manifests;
import io.zta.intent.Enforcement;
import io.zta.intent.Gateway;
import io.zta.intent.Intent;
import io.zta.intent.Phase;
import io.zta.intent.Port;
import io.zta.intent.PostureException;
import io.zta.intent.Subject;
import io.zta.intent.Workload;
import io.zta.snapshot.Snapshot;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What is asked of some namespaces: an immutable value, complete as it stands.
 *
 * <p>Two postures are equal when they ask for the same, in whatever order. Written and read as YAML or JSON with
 * {@link #toYaml()} and {@link #read(Path)}; the schema is the resource {@code io/zta/posture.schema.json}.
 */
public final class Posture extends Intents {
    /** Ports of the sidecar itself: its administration, its captures, health and metrics. */
    public static final Port SIDECAR_PORTS = Port.tcpRange(15000, 15090);

    private static final Pattern NAME = Pattern.compile("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?");

    private final String name;
    private final List<String> namespaces;
    private final Phase phase;
    private final List<Intent> intents;

    Posture(String name, List<String> namespaces, Phase phase, List<Intent> intents) {
        this.name = name;
        this.namespaces = List.copyOf(namespaces);
        this.phase = phase;
        List<Intent> sorted = new ArrayList<>(intents);
        sorted.sort(Comparator.comparingInt(Posture::order).thenComparing(Object::toString));
        this.intents = List.copyOf(sorted);
    }

    private static int order(Intent intent) {
        return List.of(Intent.class.getPermittedSubclasses()).indexOf(intent.getClass());
    }

    /**
     * Reads a posture from a YAML or JSON file.
     *
     * @throws PostureException if it can't be read; the message has file, line and column
     */
    public static Posture read(Path file) {
        return PostureReader.read(file);
    }

    /**
     * Reads a posture from text.
     *
     * @param source the name that messages give for the text
     * @throws PostureException if it can't be read; the message has source, line and column
     */
    public static Posture parse(String source, String text) {
        return PostureReader.parse(source, text);
    }

    /**
     * The postures that a snapshot holds as documents, in the order read.
     *
     * @throws PostureException if one can't be read; the message has file, line and column
     */
    public static List<Posture> allIn(Snapshot snapshot) {
        return snapshot.resources(PostureReader.TYPE).stream()
                .map(PostureReader::of)
                .toList();
    }

    /** This posture as YAML, which {@link #parse} reads back to an equal one. */
    public String toYaml() {
        return PostureWriter.yaml(this);
    }

    @Override
    Posture and(Intent intent) {
        if (intents.contains(intent)) {
            return this;
        }
        Contradictions.check(this, intent);
        List<Intent> more = new ArrayList<>(intents);
        more.add(intent);
        return new Posture(name, namespaces, phase, more);
    }

    /**
     * The same posture under another name, where one namespace has several.
     *
     * @throws PostureException if no Kubernetes object can have that name
     */
    public Posture named(String other) {
        return new Posture(checkedName(other), namespaces, phase, intents);
    }

    static String checkedName(String name) {
        if (!NAME.matcher(name).matches()) {
            throw new PostureException("\"" + name + "\" can't be the name of a posture: lower-case letters, digits and"
                    + " '-', at most 63, starting and ending with a letter or digit.");
        }
        return name;
    }

    /** The same posture, brought to this phase only; {@link Phase#AUDIT}, the last, where never called. */
    public Posture upTo(Phase last) {
        return new Posture(name, namespaces, last, intents);
    }

    /**
     * Compiles this posture with the layers on the class path. Pure.
     *
     * @throws PostureException if a layer that it needs is not there; the message names the artifact to add
     */
    public Manifests manifests() {
        return Manifests.of(this);
    }

    /** The name, {@code default} unless given. */
    public String name() {
        return name;
    }

    /** The protected namespaces, sorted; at least one. */
    public List<String> namespaces() {
        return namespaces;
    }

    /** The name that its cluster-scoped objects carry: the namespaces, and the name where it is not {@code default}. */
    public String id() {
        String joined = String.join("-", namespaces);
        return name.equals("default") ? joined : joined + "-" + name;
    }

    /** How far it is to be brought. */
    public Phase phase() {
        return phase;
    }

    /** Everything asked for, in canonical order. */
    public List<Intent> intents() {
        return intents;
    }

    /** The intents of a type. */
    public <T extends Intent> List<T> intents(Class<T> type) {
        return intents.stream().filter(type::isInstance).map(type::cast).toList();
    }

    /** The one intent of a type. */
    public <T extends Intent> Optional<T> intent(Class<T> type) {
        return intents.stream().filter(type::isInstance).map(type::cast).findFirst();
    }

    /** Whether an intent of this type is asked for. */
    public boolean asks(Class<? extends Intent> type) {
        return intents.stream().anyMatch(type::isInstance);
    }

    /** The protected pods: all of the namespaces unless asked otherwise. */
    public Workload workloads() {
        return intent(Intent.Protect.class).map(Intent.Protect::workload).orElse(Workload.all());
    }

    /** Whether a pod of that namespace with these labels is protected. */
    public boolean protects(String namespace, Map<String, String> labels) {
        return namespaces.contains(namespace)
                && labels.entrySet().containsAll(workloads().labels().entrySet());
    }

    /** The ports that the gateway may reach; empty for every TCP port but {@link #SIDECAR_PORTS}. */
    public List<Port> ports() {
        return intent(Intent.OnPorts.class).map(Intent.OnPorts::ports).orElse(List.of());
    }

    /** The gateway; empty where none may come in. */
    public Optional<Gateway> gateway() {
        return intent(Intent.Through.class).map(Intent.Through::gateway).orElse(Optional.of(Gateway.istio()));
    }

    /** What admission does. */
    public Enforcement enforcement() {
        return intent(Intent.Admission.class).map(Intent.Admission::enforcement).orElse(Enforcement.DENY);
    }

    /** Who must not enter containers, sorted. */
    public List<Subject> noExec() {
        return intents(Intent.NoExec.class).stream()
                .map(Intent.NoExec::subject)
                .sorted()
                .toList();
    }

    /** Who keeps entry into containers, sorted; grants of break-glass not included. */
    public List<Subject> keepExec() {
        return intents(Intent.KeepEntry.class).stream()
                .map(Intent.KeepEntry::subject)
                .sorted()
                .toList();
    }

    /** Who applies the posture beside the trusted base, sorted. */
    public List<Subject> appliers() {
        return intents(Intent.Applier.class).stream()
                .map(Intent.Applier::subject)
                .sorted()
                .toList();
    }

    /** Whether its objects are guarded by admission. */
    public boolean guarded() {
        return !asks(Intent.Unguarded.class);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Posture that
                && name.equals(that.name)
                && namespaces.equals(that.namespaces)
                && phase == that.phase
                && intents.equals(that.intents);
    }

    @Override
    public int hashCode() {
        return Objects.hash(name, namespaces, phase, intents);
    }

    /** The calls that make it. */
    @Override
    public String toString() {
        StringBuilder out = new StringBuilder("ZeroTrust.namespaces(" + String.join(", ", namespaces) + ")");
        intents.forEach(intent -> out.append('.').append(intent.call()));
        return out.toString();
    }
}
