package io.zta.istio;

import io.zta.finding.Doubt;
import io.zta.finding.Evidence;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Node;
import io.zta.snapshot.Pod;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What AuthorizationPolicies decide: CUSTOM, then DENY, then ALLOW. Where there is an ALLOW policy that is enforced, what
 * none of them matches is denied; a policy without rules matches nothing.
 */
final class Authorization {
    private static final Set<String> TRUE = Set.of("1", "t", "T", "TRUE", "true", "True");

    /** One policy that acts on a pod. */
    record Acting(Resource policy, String action, boolean dryRun, Truth applies) {
        Evidence evidence(String path) {
            return path.isEmpty()
                    ? Evidence.of(policy, "spec", policy.spec().isPresent() ? policy.spec() : Node.missing())
                    : Evidence.of(policy, path, at(path));
        }

        private Node at(String path) {
            int index = Integer.parseInt(path.replaceAll("[^0-9]", ""));
            return policy.spec().get("rules").item(index);
        }
    }

    private final Snapshot snapshot;
    private final MeshSettings settings;
    private final Map<String, List<Resource>> near = new ConcurrentHashMap<>();
    private final Map<Pod, List<Acting>> known = Collections.synchronizedMap(new IdentityHashMap<>());

    Authorization(Snapshot snapshot, MeshSettings settings) {
        this.snapshot = snapshot;
        this.settings = settings;
    }

    /** The policies that act on a pod, or may. */
    List<Acting> acting(Pod pod) {
        List<Acting> acting = known.get(pod);
        if (acting == null) {
            acting = find(pod);
            known.put(pod, acting);
        }
        return acting;
    }

    private List<Acting> find(Pod pod) {
        List<Acting> acting = new ArrayList<>();
        for (Resource policy : near.computeIfAbsent(pod.namespace(), this::inOrAbove)) {
            Truth applies = WorkloadSelectors.applies(policy, pod, settings.rootNamespace());
            if (applies != Truth.NO) {
                String action = policy.spec().get("action").textOr("ALLOW");
                acting.add(new Acting(policy, action.isEmpty() ? "ALLOW" : action, isDryRun(policy), applies));
            }
        }
        return List.copyOf(acting);
    }

    /** The policies of a namespace and of the root namespace: no others act on its pods. */
    private List<Resource> inOrAbove(String namespace) {
        return snapshot.resources(GroupKind.AUTHORIZATION_POLICY).stream()
                .filter(policy -> policy.namespace().equals(namespace)
                        || policy.namespace().equals(settings.rootNamespace()))
                .toList();
    }

    /** Whether a policy is only tried out. */
    static boolean isDryRun(Resource policy) {
        return TRUE.contains(policy.annotations().getOrDefault("istio.io/dry-run", "false"));
    }

    /**
     * Decides for a client on a chain.
     *
     * @param tcp whether the chain is the one of plain TCP
     * @param token what the token filter made of the client's token, before which CUSTOM acts
     */
    MeshVerdict decide(Pod pod, int port, Client client, boolean tcp, Tokens.Decision token) {
        List<Acting> acting = acting(pod);
        List<Evidence> because = new ArrayList<>();
        List<Doubt> doubts = new ArrayList<>();
        Set<String> authorizers = new LinkedHashSet<>();
        boolean every = true;

        RuleMatch.Subject early =
                new RuleMatch.Subject(pod, port, client, Optional.empty(), tcp, settings.trustDomains());
        for (Acting policy : of(acting, "CUSTOM")) {
            Matched matched = match(policy, early, doubts);
            if (matched.truth() == Truth.NO) {
                continue;
            }
            Optional<MeshVerdict> refused = custom(policy, matched, tcp, because, doubts, authorizers);
            if (refused.isPresent()) {
                return refused.get();
            }
        }

        if (!tcp && token.state() == Tokens.State.REFUSED) {
            return new MeshVerdict.Denied(token.because(), "no RequestAuthentication accepts the token");
        }
        if (!tcp && token.state() == Tokens.State.UNKNOWN) {
            doubts.addAll(token.doubts());
        }
        Optional<Client.Token> authenticated =
                !tcp && token.state() == Tokens.State.AUTHENTICATED ? client.token() : Optional.empty();
        because.addAll(tcp ? List.of() : token.because());
        RuleMatch.Subject subject =
                new RuleMatch.Subject(pod, port, client, authenticated, tcp, settings.trustDomains());

        for (Acting policy : of(acting, "DENY")) {
            Matched matched = match(policy, subject, doubts);
            if (matched.truth() == Truth.YES && policy.applies() == Truth.YES) {
                return new MeshVerdict.Denied(
                        List.of(policy.evidence(matched.path())),
                        policy.policy().display() + " denies it");
            }
            if (matched.truth() == Truth.SOME) {
                every = false;
                because.add(policy.evidence(matched.path()));
            }
        }

        List<Acting> allows = of(acting, "ALLOW");
        for (Acting odd : acting) {
            if (!Set.of("ALLOW", "DENY", "CUSTOM", "AUDIT")
                            .contains(odd.action().toUpperCase(Locale.ROOT))
                    || !odd.action().equals(odd.action().toUpperCase(Locale.ROOT))) {
                doubts.add(unreadable(odd, "spec.action", odd.policy().spec().get("action")));
            }
        }
        if (allows.isEmpty()) {
            because.add(Evidence.of(
                    pod.resource(), "", "no enforced ALLOW policy acts on it, so what is not denied passes"));
            return verdict(because, doubts, every, authorizers);
        }
        Truth best = Truth.NO;
        for (Acting policy : allows) {
            Matched matched = match(policy, subject, doubts);
            Truth truth = matched.truth().and(policy.applies());
            if (truth == Truth.YES) {
                because.add(policy.evidence(matched.path()));
                return verdict(because, doubts, every, authorizers);
            }
            if (truth == Truth.SOME) {
                because.add(policy.evidence(matched.path()));
            }
            best = best.or(truth);
        }
        if (best == Truth.NO && doubts.isEmpty()) {
            return new MeshVerdict.Denied(
                    allows.stream().map(policy -> policy.evidence("")).toList(), "no ALLOW policy matches it");
        }
        if (best == Truth.SOME && !every) {
            doubts.add(Doubt.of(
                    "whether a request passes depends on what it asks for: some are denied and some allowed",
                    "ask for one request"));
        }
        return verdict(because, doubts, false, authorizers);
    }

    private static MeshVerdict verdict(
            List<Evidence> because, List<Doubt> doubts, boolean every, Set<String> authorizers) {
        return doubts.isEmpty()
                ? new MeshVerdict.Allowed(because, every, List.copyOf(authorizers))
                : new MeshVerdict.Unknown(because, doubts);
    }

    private static List<Acting> of(List<Acting> acting, String action) {
        return acting.stream()
                .filter(policy -> policy.action().equals(action) && !policy.dryRun())
                .toList();
    }

    private Optional<MeshVerdict> custom(
            Acting policy,
            Matched matched,
            boolean tcp,
            List<Evidence> because,
            List<Doubt> doubts,
            Set<String> authorizers) {
        String provider = policy.policy().spec().at("provider", "name").textOr("");
        Optional<String> kind = settings.authorizer(provider);
        if (kind.isEmpty() && settings.known()) {
            Evidence evidence = Evidence.of(
                    policy.policy(), "spec.provider.name", provider + ", which the mesh configuration does not have");
            if (matched.truth() == Truth.YES && policy.applies() == Truth.YES) {
                return Optional.of(new MeshVerdict.Denied(
                        List.of(evidence), "its external authorizer is not defined, so Istio denies what it matches"));
            }
            return Optional.empty();
        }
        if (kind.isEmpty()) {
            doubts.add(new Doubt(
                    policy.policy().display() + " asks the external authorizer \"" + provider
                            + "\", and the snapshot has no mesh configuration that defines it",
                    "add the ConfigMap istio of the root namespace to the snapshot",
                    policy.policy().origin()));
            return Optional.empty();
        }
        if (tcp && kind.get().equals("envoyExtAuthzHttp")) {
            return Optional.empty(); // an authorizer of HTTP is left out of TCP chains
        }
        because.add(policy.evidence(matched.path()));
        authorizers.add(provider);
        if (authorizers.size() > 1) {
            doubts.add(new Doubt(
                    "several external authorizers act on one workload, which Istio denies unless it is told not to",
                    "use one provider",
                    policy.policy().origin()));
        }
        return Optional.empty();
    }

    private record Matched(Truth truth, String path) {}

    private Matched match(Acting policy, RuleMatch.Subject subject, List<Doubt> doubts) {
        RuleMatch match = new RuleMatch(policy.policy(), policy.action().equals("ALLOW"), subject);
        Matched best = new Matched(Truth.NO, "");
        Node rules = policy.policy().spec().get("rules");
        if (rules.isPresent() && !rules.isArray()) {
            doubts.add(unreadable(policy, "spec.rules", rules));
            return best;
        }
        if (policy.applies() == Truth.UNKNOWN) {
            doubts.add(
                    unreadable(policy, "spec.selector", policy.policy().spec().get("selector")));
        }
        for (int i = 0; i < rules.size(); i++) {
            Truth truth = match.matches(rules.item(i));
            String path = "spec.rules[" + i + "]";
            if (truth == Truth.YES) {
                return new Matched(Truth.YES, path);
            }
            if (truth == Truth.UNKNOWN) {
                doubts.add(unreadable(policy, path, rules.item(i)));
            }
            if (truth != Truth.NO) {
                best = new Matched(best.truth().or(truth), path);
            }
        }
        return best;
    }

    private static Doubt unreadable(Acting policy, String path, Node value) {
        return new Doubt(
                policy.policy().display() + " has " + path + " = " + value + ", part of which is not evaluated here",
                "use fields that Istio's reference defines, or read this policy by hand",
                policy.policy().originOf(value));
    }
}
