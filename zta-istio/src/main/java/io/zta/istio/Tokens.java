package io.zta.istio;

import io.zta.finding.Doubt;
import io.zta.finding.Evidence;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Node;
import io.zta.snapshot.Pod;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What RequestAuthentications make of a token: one that some rule accepts is authenticated, one that none accepts is
 * refused, and a request without one passes unauthenticated. Without a rule for the pod, tokens are not looked at.
 */
final class Tokens {
    /** What becomes of a request's token. */
    enum State {
        AUTHENTICATED,
        NONE,
        REFUSED,
        UNKNOWN
    }

    /** A state with what decides it. */
    record Decision(State state, List<Evidence> because, List<Doubt> doubts) {}

    /** One rule of a RequestAuthentication. */
    record TokenRule(Resource policy, int index, Node rule) {
        String issuer() {
            return rule.get("issuer").textOr("");
        }

        Evidence evidence() {
            return Evidence.of(policy, "spec.jwtRules[" + index + "].issuer", rule.get("issuer"));
        }
    }

    private final Snapshot snapshot;
    private final String root;

    Tokens(Snapshot snapshot, String root) {
        this.snapshot = snapshot;
        this.root = root;
    }

    /** The rules that act on a pod. */
    List<TokenRule> rules(Pod pod) {
        List<TokenRule> rules = new ArrayList<>();
        for (Resource policy : snapshot.resources(GroupKind.REQUEST_AUTHENTICATION)) {
            if (WorkloadSelectors.applies(policy, pod, root) != Truth.NO) {
                List<Node> items = policy.spec().get("jwtRules").items();
                for (int i = 0; i < items.size(); i++) {
                    rules.add(new TokenRule(policy, i, items.get(i)));
                }
            }
        }
        return rules;
    }

    Decision decide(Pod pod, Optional<Client.Token> token) {
        List<Doubt> doubts = new ArrayList<>();
        for (Resource policy : snapshot.resources(GroupKind.REQUEST_AUTHENTICATION)) {
            if (WorkloadSelectors.applies(policy, pod, root) == Truth.UNKNOWN) {
                doubts.add(new Doubt(
                        policy.display() + " has a selector that can't be read",
                        "use matchLabels alone",
                        policy.origin()));
            }
        }
        List<TokenRule> rules = rules(pod);
        if (!doubts.isEmpty()) {
            return new Decision(State.UNKNOWN, List.of(), doubts);
        }
        if (token.isEmpty() || rules.isEmpty()) {
            return new Decision(State.NONE, List.of(), List.of());
        }
        for (TokenRule rule : rules) {
            boolean elsewhere = rule.rule().get("fromHeaders").size() > 0
                    || rule.rule().get("fromParams").size() > 0
                    || rule.rule().get("fromCookies").size() > 0;
            boolean issuer =
                    rule.issuer().isEmpty() || rule.issuer().equals(token.get().issuer());
            List<String> audiences = rule.rule().get("audiences").texts();
            boolean audience = audiences.isEmpty()
                    || audiences.stream().anyMatch(token.get().audiences()::contains);
            if (issuer && audience && !elsewhere) {
                return new Decision(State.AUTHENTICATED, List.of(rule.evidence()), List.of());
            }
            if (elsewhere) {
                doubts.add(new Doubt(
                        rule.policy().display() + " takes tokens from elsewhere than the Authorization header",
                        "leave out fromHeaders, fromParams and fromCookies",
                        rule.policy().originOf(rule.rule())));
            }
        }
        return doubts.isEmpty()
                ? new Decision(State.REFUSED, List.of(rules.get(0).evidence()), List.of())
                : new Decision(State.UNKNOWN, List.of(), doubts);
    }
}
