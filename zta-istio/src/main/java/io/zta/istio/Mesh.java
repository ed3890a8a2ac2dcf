package io.zta.istio;

import io.zta.finding.Doubt;
import io.zta.finding.Evidence;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Pod;
import io.zta.snapshot.Pods;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Decides from a snapshot what the sidecars of a mesh do with a connection. Immutable and thread-safe; pure.
 *
 * <p>What can't be read or is not evaluated (an EnvoyFilter, a plugin, ambient mode, an unknown value) makes the verdict
 * Unknown. The rules are those of docs/semantics/mesh.md.
 */
public final class Mesh {
    private final MeshSettings settings;
    private final Captures captures;
    private final MtlsModes modes;
    private final Chains chains;
    private final Tokens tokens;
    private final Authorization authorization;
    private final Extensions extensions;
    private final Snapshot snapshot;
    private final Set<String> identities = new LinkedHashSet<>();

    private Mesh(Snapshot snapshot) {
        this.snapshot = snapshot;
        this.settings = MeshSettings.of(snapshot);
        this.captures = new Captures(snapshot, settings);
        this.modes = new MtlsModes(snapshot, settings.rootNamespace());
        this.chains = new Chains(snapshot);
        this.tokens = new Tokens(snapshot, settings.rootNamespace());
        this.authorization = new Authorization(snapshot, settings);
        this.extensions = new Extensions(snapshot, settings);
    }

    /** The mesh of a snapshot, read once for each snapshot. */
    public static Mesh of(Snapshot snapshot) {
        return snapshot.derived(Mesh.class, Mesh::new);
    }

    /**
     * What happens to a connection that a client opens to a TCP port of a pod, as far as the mesh is concerned: capture,
     * then mTLS, then token and authorization. Network policies are not looked at.
     *
     * @param target the pod, of the same snapshot
     * @param port the pod's port, 1 to 65535
     * @param client who connects, and with what
     */
    public MeshVerdict decide(Pod target, int port, Client client) {
        Capture capture = captures.of(target, port);
        if (capture.is(Capture.State.OPEN)) {
            return client.principal().isEmpty()
                    ? new MeshVerdict.Allowed(capture.evidence(), true, List.of())
                    : new MeshVerdict.Denied(
                            capture.evidence(), "no sidecar takes the mTLS handshake on this port; plaintext gets in");
        }
        if (capture.is(Capture.State.UNKNOWN)) {
            return new MeshVerdict.Unknown(
                    capture.evidence(), List.of(Doubt.of(capture.reason(), "give a snapshot of the running pods")));
        }
        List<Doubt> doubts = new ArrayList<>(settings.doubts());
        doubts.addAll(extensions.doubts(target));
        MtlsModes.Decision mode = modes.decide(target, port);
        doubts.addAll(mode.doubts());
        List<Evidence> because = new ArrayList<>(mode.because());
        if (because.isEmpty()) {
            because.add(Evidence.of(
                    target.resource(), "", "no PeerAuthentication sets a mode for it, so it is PERMISSIVE"));
        }
        boolean plaintext = client.principal().isEmpty();
        if (doubts.isEmpty()) {
            if (plaintext && mode.mode() == MtlsModes.Mode.STRICT) {
                return new MeshVerdict.Denied(because, "the port takes mTLS only");
            }
            if (!plaintext && mode.mode() == MtlsModes.Mode.DISABLE) {
                return new MeshVerdict.Denied(because, "mTLS is off on the port; plaintext gets in");
            }
        }
        Chains.Decision chain = chains.decide(target, port);
        doubts.addAll(chain.doubts());
        if (!doubts.isEmpty()) {
            return new MeshVerdict.Unknown(because, doubts);
        }
        because.addAll(chain.because());
        MeshVerdict verdict = switch (chain.chain()) {
            case HTTP -> authorize(target, port, client, false);
            case TCP -> authorize(target, port, client, true);
            default -> sniffed(target, port, client);
        };
        return with(because, verdict);
    }

    private MeshVerdict authorize(Pod target, int port, Client client, boolean tcp) {
        return authorization.decide(target, port, client, tcp, tokens.decide(target, client.token()));
    }

    /** Both chains stand ready and the client's first bytes choose, so both must agree for an answer. */
    private MeshVerdict sniffed(Pod target, int port, Client client) {
        MeshVerdict http = authorize(target, port, client, false);
        MeshVerdict tcp = authorize(target, port, client, true);
        if (http instanceof MeshVerdict.Unknown || tcp instanceof MeshVerdict.Unknown) {
            return http instanceof MeshVerdict.Unknown ? http : tcp;
        }
        if (http.getClass() != tcp.getClass()) {
            boolean asHttp = http instanceof MeshVerdict.Allowed;
            return new MeshVerdict.Unknown(
                    asHttp ? http.because() : tcp.because(),
                    List.of(Doubt.of(
                            "port " + port + " of " + target.display() + " declares no protocol: served as "
                                    + (asHttp ? "HTTP" : "TCP") + " it lets " + client + " in, served as "
                                    + (asHttp ? "TCP" : "HTTP") + " it does not, and the client's first bytes choose",
                            "declare the protocol by appProtocol or by the name of the Service's port")));
        }
        if (http instanceof MeshVerdict.Allowed first && tcp instanceof MeshVerdict.Allowed second) {
            return new MeshVerdict.Allowed(
                    first.because(), first.everyRequest() && second.everyRequest(), first.authorizers());
        }
        return http;
    }

    private static MeshVerdict with(List<Evidence> first, MeshVerdict verdict) {
        List<Evidence> all = new ArrayList<>(first);
        all.addAll(verdict.because());
        List<Evidence> because = all.stream().distinct().toList();
        return verdict.match(
                allowed -> new MeshVerdict.Allowed(because, allowed.everyRequest(), allowed.authorizers()),
                denied -> new MeshVerdict.Denied(because, denied.reason()),
                unknown -> new MeshVerdict.Unknown(because, unknown.doubts()));
    }

    /** Whether what comes to a port of a pod passes through its sidecar. */
    public Capture capture(Pod pod, int port) {
        return captures.of(pod, port);
    }

    /** The mTLS identity of a pod with a sidecar: {@code TRUSTDOMAIN/ns/NAMESPACE/sa/ACCOUNT}. */
    public String identity(Pod pod) {
        return identity(pod.namespace(), pod.serviceAccount());
    }

    /** The mTLS identity of a service account. */
    public String identity(String namespace, String serviceAccount) {
        return settings.trustDomains().get(0) + "/ns/" + namespace + "/sa/" + serviceAccount;
    }

    /**
     * How a pod connects: by mTLS where its sidecar sends it so, which is what it does to ports that Services cover, and in
     * plaintext where it has none. A gateway's proxy captures nothing and connects by mTLS as well. Anything in a pod may use
     * plaintext all the same.
     */
    public Client client(Pod pod) {
        boolean plain = captures.sidecar(pod).is(Capture.State.OPEN) && !isGateway(pod);
        Optional<String> principal = plain ? Optional.empty() : Optional.of(identity(pod));
        return new Client(principal, Optional.empty(), pod.ips().stream().findFirst(), Optional.empty());
    }

    /** Whether a pod is a proxy of its own, beside no application: it runs as {@code proxy router}. */
    boolean isGateway(Pod pod) {
        return pod.runningContainers().stream().anyMatch(container -> {
            List<String> arguments = container.get("args").texts();
            return container.get("name").textOr("").equals("istio-proxy") && arguments.contains("router")
                    || pod.annotations()
                            .getOrDefault("inject.istio.io/templates", "")
                            .equals("gateway");
        });
    }

    /** The identities of all pods, then those of service accounts that no pod has; worked out once. */
    synchronized Set<String> identities() {
        if (identities.isEmpty()) {
            Pods.of(snapshot).all().forEach(pod -> identities.add(identity(pod)));
            for (Resource account : snapshot.resources(GroupKind.SERVICE_ACCOUNT)) {
                identities.add(identity(account.namespace(), account.name()));
            }
        }
        return Collections.unmodifiableSet(identities);
    }

    /** The namespace whose policies act everywhere. */
    public String rootNamespace() {
        return settings.rootNamespace();
    }

    Snapshot snapshot() {
        return snapshot;
    }

    MeshSettings settings() {
        return settings;
    }

    MtlsModes.Decision mode(Pod pod, int port) {
        return modes.decide(pod, port);
    }

    Chains.Decision chain(Pod pod, int port) {
        return chains.decide(pod, port);
    }

    Tokens tokens() {
        return tokens;
    }

    Authorization authorization() {
        return authorization;
    }

    Extensions extensions() {
        return extensions;
    }

    Captures captures() {
        return captures;
    }
}
