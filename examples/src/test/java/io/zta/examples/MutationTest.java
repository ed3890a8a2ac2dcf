package io.zta.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.zta.Posture;
import io.zta.finding.ClaimResult;
import io.zta.finding.Verdict;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Node;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import io.zta.verify.Verifier;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Every object and field of the rendered posture matters: without it some claim is no longer proven. */
class MutationTest {
    private static final Posture POSTURE = Posture.read(Path.of("record/posture.yaml"));
    private static final Snapshot WHOLE = exposed();

    /** What may go without a claim changing, and why. */
    private static final Map<Pattern, String> SURVIVORS = new LinkedHashMap<>();

    static {
        explain(
                "(Role|RoleBinding) default/zta-restricted.*",
                "It gives the group its daily rights, and takes none away.");
        explain(
                "ValidatingAdmissionPolicy(Binding)? zta-entry-nodes-default.*",
                "Whoever holds nodes/proxy asks the kubelet directly, which no admission sees: with such a grant the claim is"
                        + " violated with or without the policy.");
        explain("ValidatingAdmissionPolicy .* spec.validations\\[.](.message|.reason)", "What the refused read.");
        explain(
                "ValidatingAdmissionPolicy .* spec.(failurePolicy|matchConstraints.matchPolicy)"
                        + "|ValidatingAdmissionPolicy .*.resourceRules\\[.].scope",
                "Written out: the default is the same, or the resource has that scope only.");
        explain(
                "ValidatingAdmissionPolicy .*.(matchConstraints.namespaceSelector(.matchExpressions(\\[0])?)?|objectSelector)"
                        + "|ValidatingAdmissionPolicy .* spec.matchConditions(\\[0](.name)?)?",
                "Without it the policy refuses in more places, not in fewer; the API server wants a condition's name.");
        explain(
                "ValidatingAdmissionPolicy .* spec.variables(\\[.](.name|.expression)?)?",
                "An expression that misses a variable fails, and what fails is refused (failurePolicy Fail).");
        explain(
                "ValidatingAdmissionPolicy zta-guard-(mesh-)?default .*.operations\\[2]",
                "Deleting what is not the posture's own adds nothing, and of the own kinds one rule is left.");
        explain(
                "AuthorizationPolicy default/zta-allow-gateway spec.rules\\[0].from.*",
                "The identities are held twice: zta-guard-identity refuses all others.");
        explain("AuthorizationPolicy default/zta-allow-nothing spec", "An empty spec and none both allow nothing.");
        explain(
                "NetworkPolicy default/zta-default-deny.*|NetworkPolicy default/zta-allow-gateway spec.(podSelector|policyTypes.*)",
                "Both select every pod of the namespace for ingress, which is also the default.");
        explain(
                "NetworkPolicy default/zta-allow-gateway spec.ingress\\[0].ports\\[.](.endPort|.protocol)?",
                "TCP is the default, and the shop has no port above the sidecar's own.");
    }

    private static void explain(String pattern, String why) {
        SURVIVORS.put(Pattern.compile(pattern), why);
    }

    private static Set<String> proven;

    @BeforeAll
    static void whole() {
        proven = proven(WHOLE);
    }

    @Test
    void without_any_one_object_some_claim_falls() {
        assertExplained(ours().parallelStream()
                .filter(object -> proven(WHOLE.without(object)).containsAll(proven))
                .map(Resource::display)
                .toList());
    }

    @Test
    void without_any_one_field_some_claim_falls() {
        List<Map.Entry<String, Snapshot>> mutants = new ArrayList<>();
        for (Resource object : ours()) {
            mutate(
                    object.tree(),
                    "",
                    (path, tree) -> mutants.add(Map.entry(
                            object.display() + " " + path,
                            WHOLE.without(object).with(List.of(Resource.of(tree, object.origin()))))));
        }
        List<String> survivors = mutants.parallelStream()
                .filter(mutant -> proven(mutant.getValue()).containsAll(proven))
                .map(Map.Entry::getKey)
                .toList();
        assertExplained(survivors);
        assertUsed(survivors);
    }

    /** The bundled case with grants under which nothing but the posture's own objects is in the way. */
    private static Snapshot exposed() {
        Snapshot bundled = Snapshot.of(Path.of("record/posture"))
                .with(Snapshot.of(Path.of("record/phase-0/grants.yaml")))
                .with(Snapshot.of(Path.of("src/test/resources/mutation/meddlers.yaml")));
        // Where a gateway runs, Pod Security keeps root on the node away; that is the cluster's, not the posture's.
        Resource home = bundled.find(GroupKind.NAMESPACE, "", "istio-system").orElseThrow();
        Node labels = home.tree().at("metadata", "labels");
        Map<String, Node> more = new LinkedHashMap<>(labels.fields());
        more.put("pod-security.kubernetes.io/enforce", Node.text("baseline"));
        Map<String, Node> metadata =
                new LinkedHashMap<>(home.tree().get("metadata").fields());
        metadata.put("labels", Node.object(more));
        Map<String, Node> tree = new LinkedHashMap<>(home.tree().fields());
        tree.put("metadata", Node.object(metadata));
        return bundled.without(home).with(List.of(Resource.of(Node.object(tree), home.origin())));
    }

    @Test
    void the_whole_is_proven_whatever_else_is_granted() {
        assertThat(Verifier.verify(POSTURE, WHOLE).claims())
                .allSatisfy(
                        result -> assertThat(result.verdict()).as(name(result)).isInstanceOf(Verdict.Proven.class));
    }

    private static void assertExplained(List<String> survivors) {
        assertThat(survivors.stream()
                        .filter(survivor -> SURVIVORS.keySet().stream()
                                .noneMatch(pattern -> pattern.matcher(survivor).matches()))
                        .toList())
                .as("nothing changes without these, and no reason is written down")
                .isEmpty();
    }

    private static void assertUsed(List<String> survivors) {
        assertThat(SURVIVORS.keySet())
                .as("every reason is needed")
                .allSatisfy(pattern -> assertThat(survivors)
                        .anyMatch(survivor -> pattern.matcher(survivor).matches()));
    }

    private static List<Resource> ours() {
        List<Resource> ours = WHOLE.resources()
                .filter(resource -> resource.labels()
                        .getOrDefault("app.kubernetes.io/managed-by", "")
                        .equals("zta"))
                .filter(resource -> !resource.type().equals(GroupKind.NAMESPACE))
                .toList();
        assertThat(ours).hasSizeGreaterThan(10);
        return ours;
    }

    private static Set<String> proven(Snapshot snapshot) {
        return Verifier.verify(POSTURE, snapshot).claims().stream()
                .filter(result -> result.verdict() instanceof Verdict.Proven)
                .map(MutationTest::name)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static String name(ClaimResult result) {
        return result.claim() + " " + result.scope();
    }

    /** Hands on the tree without one of its fields or items, for each of them. */
    private static void mutate(Node tree, String path, BiConsumer<String, Node> each) {
        if (tree.isObject()) {
            tree.fields().forEach((key, value) -> {
                String below = path.isEmpty() ? key : path + "." + key;
                if (Set.of("apiVersion", "kind", "metadata").contains(below)) {
                    return;
                }
                Map<String, Node> fields = new LinkedHashMap<>(tree.fields());
                fields.remove(key);
                each.accept(below, Node.object(fields));
                mutate(value, below, (what, changed) -> {
                    Map<String, Node> all = new LinkedHashMap<>(tree.fields());
                    all.put(key, changed);
                    each.accept(what, Node.object(all));
                });
            });
        } else if (tree.isArray()) {
            for (int i = 0; i < tree.size(); i++) {
                int index = i;
                List<Node> items = new ArrayList<>(tree.items());
                items.remove(i);
                each.accept(path + "[" + i + "]", Node.array(items));
                mutate(tree.item(i), path + "[" + i + "]", (what, changed) -> {
                    List<Node> all = new ArrayList<>(tree.items());
                    all.set(index, changed);
                    each.accept(what, Node.array(all));
                });
            }
        }
    }
}
