package io.zta.operator;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.GenericKubernetesResourceBuilder;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import io.zta.finding.ClaimResult;
import io.zta.verify.Report;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Writes verdicts as a policy report, in the form that the cluster has a kind for; nothing where it has none. */
final class PolicyReports {
    private record Form(String group, String version, String kind, String plural) {}

    private static final List<Form> FORMS = List.of(
            new Form("openreports.io", "v1alpha1", "Report", "reports"),
            new Form("wgpolicyk8s.io", "v1alpha2", "PolicyReport", "policyreports"));

    private PolicyReports() {}

    static void write(ZeroTrustPosture posture, Report report, KubernetesClient client) {
        form(client).ifPresent(form -> {
            ResourceDefinitionContext context = new ResourceDefinitionContext.Builder()
                    .withGroup(form.group())
                    .withVersion(form.version())
                    .withKind(form.kind())
                    .withPlural(form.plural())
                    .withNamespaced(true)
                    .build();
            GenericKubernetesResource object = object(form, posture, report);
            client.genericKubernetesResources(context)
                    .inNamespace(posture.getMetadata().getNamespace())
                    .resource(object)
                    .patch(
                            new PatchContext.Builder()
                                    .withPatchType(PatchType.SERVER_SIDE_APPLY)
                                    .withFieldManager("zta-operator")
                                    .withForce(true)
                                    .build(),
                            object);
        });
    }

    private static Optional<Form> form(KubernetesClient client) {
        return FORMS.stream()
                .filter(form -> client.supports(form.group() + "/" + form.version(), form.kind()))
                .findFirst();
    }

    private static GenericKubernetesResource object(Form form, ZeroTrustPosture posture, Report report) {
        Map<String, Integer> summary = new LinkedHashMap<>();
        List.of("pass", "fail", "warn", "error", "skip").forEach(key -> summary.put(key, 0));
        List<Map<String, Object>> results = new ArrayList<>();
        for (ClaimResult claim : report.claims()) {
            String result = claim.verdict().match(proven -> "pass", violated -> "fail", unknown -> "warn");
            summary.merge(result, 1, Integer::sum);
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("policy", posture.getMetadata().getName());
            entry.put("rule", claim.claim().id());
            entry.put("source", "zta");
            entry.put("result", result);
            entry.put(form.kind().equals("Report") ? "description" : "message", message(claim));
            results.add(entry);
        }
        Map<String, Object> content = new LinkedHashMap<>();
        content.put("summary", summary);
        content.put("results", results);
        if (form.kind().equals("Report")) {
            content.put("source", "zta");
        }
        return new GenericKubernetesResourceBuilder()
                .withApiVersion(form.group() + "/" + form.version())
                .withKind(form.kind())
                .withMetadata(new ObjectMetaBuilder()
                        .withName("zta-" + posture.getMetadata().getName())
                        .withNamespace(posture.getMetadata().getNamespace())
                        .addToLabels("app.kubernetes.io/managed-by", "zta")
                        .withOwnerReferences(new OwnerReferenceBuilder()
                                .withApiVersion("zta.io/v1alpha1")
                                .withKind("ZeroTrustPosture")
                                .withName(posture.getMetadata().getName())
                                .withUid(posture.getMetadata().getUid())
                                .build())
                        .build())
                .withAdditionalProperties(content)
                .build();
    }

    private static String message(ClaimResult claim) {
        return claim.scope() + ": "
                + claim.verdict()
                        .match(
                                proven -> claim.claim().text(),
                                violated -> violated.findings().get(0).object() + " "
                                        + violated.findings().get(0).title(),
                                unknown -> unknown.doubts().get(0).reason());
    }
}
