package io.zta.rbac.admission;

import io.zta.finding.Doubt;
import io.zta.finding.Evidence;
import io.zta.finding.Finding;
import io.zta.rbac.AdmissionVerdicts;
import io.zta.rbac.Attributes;
import io.zta.rbac.Authorizer;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Node;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Decides what the admission of a snapshot makes of a request: ValidatingAdmissionPolicies with their bindings, and
 * webhooks, which only they themselves can answer for. Pure; start at {@link #of}.
 *
 * <p>A refusal that holds whatever the unknown parts of the request are is Denied; where they decide, or a webhook that
 * could refuse looks at the request, the answer is Unknown. Rules ADM-01 to ADM-24 of docs/semantics/admission.md.
 */
public final class Admission implements AdmissionVerdicts {
    /** Kinds that no admission policy or webhook ever sees, so that they can't lock out their own removal. */
    private static final Set<String> EXEMPT = Set.of(
            "validatingadmissionpolicies",
            "validatingadmissionpolicybindings",
            "mutatingadmissionpolicies",
            "mutatingadmissionpolicybindings",
            "validatingwebhookconfigurations",
            "mutatingwebhookconfigurations");

    /** A name that no grant is limited to. */
    private static final String ANY_NAME = "some-pod";

    private final Snapshot snapshot;
    private final Authorizer authorizer;
    private final List<PolicyInForce> policies;
    private final Webhooks webhooks;
    private final Set<String> namedGrants;

    private Admission(Snapshot snapshot, Authorizer authorizer) {
        this.snapshot = snapshot;
        this.authorizer = authorizer;
        this.policies = PolicyInForce.all(snapshot);
        this.webhooks = new Webhooks(snapshot);
        this.namedGrants = namedGrants(snapshot);
    }

    /** The admission of a snapshot, whose {@code authorizer} library asks this authorizer. */
    public static Admission of(Snapshot snapshot, Authorizer authorizer) {
        return new Admission(snapshot, authorizer);
    }

    /** Names that grants of virtual verbs are limited to: a request for some object may be for one of them. */
    private static Set<String> namedGrants(Snapshot snapshot) {
        Set<String> names = new TreeSet<>();
        for (GroupKind kind : List.of(GroupKind.ROLE, GroupKind.CLUSTER_ROLE)) {
            for (Resource role : snapshot.resources(kind)) {
                for (Node rule : role.tree().get("rules").items()) {
                    if (rule.get("apiGroups").texts().stream().anyMatch(group -> group.equals("zta.io"))) {
                        names.addAll(rule.get("resourceNames").texts());
                    }
                }
            }
        }
        return names;
    }

    /** Policies and webhooks that don't do what they say: they can't match, aren't bound, or only warn. */
    public List<Finding> findings() {
        return PolicyFaults.of(snapshot);
    }

    @Override
    public Answer decide(Request request) {
        if (!request.attributes().name().isEmpty() || !entersByName(request)) {
            return decideNamed(request);
        }
        // An object of some name, since these requests always have one: whoever may do it to one may do it.
        Answer answer = decideNamed(named(request, ANY_NAME));
        for (String name : namedGrants) {
            if (answer instanceof Answer.Allowed) {
                return answer;
            }
            Answer other = decideNamed(named(request, name));
            if (!(other instanceof Answer.Denied)) {
                answer = other;
            }
        }
        return answer;
    }

    private static boolean entersByName(Request request) {
        return request.operation() == Operation.CONNECT
                || request.attributes().subresource().equals("ephemeralcontainers");
    }

    private static Request named(Request request, String name) {
        Attributes old = request.attributes();
        Attributes attributes = new Attributes(
                old.verb(), old.group(), old.resource(), old.subresource(), old.namespace(), name, old.path());
        return new Request(request.identity(), attributes, request.operation(), request.object(), request.old());
    }

    private Answer decideNamed(Request request) {
        Attributes attributes = request.attributes();
        if (attributes.group().equals("admissionregistration.k8s.io") && EXEMPT.contains(attributes.resource())) {
            return new Answer.Allowed(List.of());
        }
        List<Evidence> notes = new ArrayList<>();
        List<Doubt> doubts = new ArrayList<>();
        for (PolicyInForce policy : policies) {
            PolicyInForce.Result result = policy.decide(request, authorizer, snapshot);
            if (!result.denied().isEmpty()) {
                return new Answer.Denied(result.denied());
            }
            notes.addAll(result.notes());
            doubts.addAll(result.doubts());
        }
        doubts.addAll(webhooks.doubts(request));
        return doubts.isEmpty() ? new Answer.Allowed(notes) : new Answer.Unknown(doubts);
    }
}
