package io.zta.verify.probe;

import io.fabric8.kubernetes.api.model.authorization.v1.SubjectAccessReview;
import io.fabric8.kubernetes.api.model.authorization.v1.SubjectAccessReviewBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.zta.Posture;
import io.zta.intent.Subject;
import io.zta.verify.probe.Impersonation.Reply;
import io.zta.verify.probe.Impersonation.Who;
import java.util.ArrayList;
import java.util.List;

/**
 * Test 2: who gets into a container by the API. Each named subject asks, by impersonation, to enter a pod that doesn't
 * exist: 403 where it is refused, by RBAC or by admission, and 404 where it would have been let in. No workload is touched.
 */
final class ApiTest {
    private static final String PATCH =
            "{\"spec\":{\"ephemeralContainers\":[{\"name\":\"zta-probe\",\"image\":\"none\"}]}}";
    private final KubernetesClient client;
    private final Impersonation requests;
    private final List<Target> targets;
    private final String absent;
    private final List<Check> checks = new ArrayList<>();

    private ApiTest(KubernetesClient client, List<Target> targets, String marker) {
        this.client = client;
        this.requests = new Impersonation(client);
        this.targets = targets;
        this.absent = absentName(marker);
    }

    /** The name of the pod that doesn't exist; it finds the attempts in the audit log again. */
    static String absentName(String marker) {
        return "zta-probe-absent-" + marker;
    }

    static List<Check> run(Posture posture, KubernetesClient client, List<Target> targets, String marker) {
        ApiTest test = new ApiTest(client, targets, marker);
        for (Subject subject : posture.noExec()) {
            test.subject(posture, subject, Answer.DENIED);
        }
        for (Subject subject : posture.keepExec()) {
            test.keeper(posture, subject);
        }
        return test.checks;
    }

    private void subject(Posture posture, Subject subject, Answer expected) {
        Who who = Who.of(subject);
        String prefix = "api/" + subject.toString().replace(' ', '/') + "/";
        if (!becomes(who)) {
            checks.add(new Check(
                    2,
                    prefix + "impersonation",
                    "asks in the name of " + subject,
                    expected,
                    Answer.INCONCLUSIVE,
                    "the prober may not impersonate " + who.user() + " " + who.groups()
                            + "; grant it what --print-role prints"));
            return;
        }
        for (String namespace : posture.namespaces()) {
            for (ApiEntry entry : ApiEntry.ALL) {
                checks.add(request(prefix, subject, who, namespace, entry, expected));
            }
            checks.add(ephemeral(prefix, subject, who, namespace));
        }
    }

    /** A subject that keeps its way in is the positive control of the deny. */
    private void keeper(Posture posture, Subject subject) {
        Who who = Who.of(subject);
        String prefix = "api/" + subject.toString().replace(' ', '/') + "/";
        for (String namespace : posture.namespaces()) {
            checks.add(request(prefix, subject, who, namespace, ApiEntry.ALL.get(0), Answer.ALLOWED));
        }
    }

    /** Whether impersonation takes effect: the API server is asked who it takes us for. */
    private boolean becomes(Who who) {
        Reply reply = requests.send(
                who,
                "POST",
                "/apis/authentication.k8s.io/v1/selfsubjectreviews",
                "application/json",
                "{\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":\"SelfSubjectReview\"}");
        return reply.code() == 201 && reply.body().contains('"' + who.user() + '"');
    }

    private Check request(String prefix, Subject subject, Who who, String namespace, ApiEntry entry, Answer expected) {
        String review = review(who, namespace, entry.resource(), entry.subresource(), entry.verb());
        Reply reply = requests.send(who, entry.method(), entry.path(namespace, absent), "application/json", "{}");
        Answer seen;
        String detail;
        if (reply.notImpersonated() || reply.code() == 0 || reply.code() == 401) {
            seen = Answer.INCONCLUSIVE;
            detail = reply.code() == 0 ? "no answer: " + reply.body() : "not asked in its name: " + reply.code();
        } else if (reply.code() == 403) {
            seen = Answer.DENIED;
            detail = "403 by " + reply.refusedBy();
        } else if (reply.code() == 404) {
            seen = Answer.ALLOWED;
            detail = "404: let in, had there been such a " + entry.resource().replaceAll("s$", "");
        } else {
            seen = Answer.INCONCLUSIVE;
            detail = "an answer that is neither 403 nor 404: " + reply.code();
        }
        return new Check(
                2,
                prefix + namespace + "/" + entry.verb() + "-" + entry.resource() + "/" + entry.subresource(),
                subject + " asks for " + entry.display() + " in " + namespace,
                expected,
                seen,
                detail + "; RBAC by access review: " + review);
    }

    /** An ephemeral container is asked for on a pod that is there, as a dry run: nothing stays. */
    private Check ephemeral(String prefix, Subject subject, Who who, String namespace) {
        String id = prefix + namespace + "/patch-pods/ephemeralcontainers";
        String what = subject + " asks for an ephemeral container in " + namespace;
        String review = review(who, namespace, "pods", "ephemeralcontainers", "patch");
        String pod = targets.stream()
                .filter(target -> target.namespace().equals(namespace))
                .map(Target::pod)
                .findFirst()
                .orElse(absent);
        Reply reply = requests.send(
                who,
                "PATCH",
                "/api/v1/namespaces/" + namespace + "/pods/" + pod + "/ephemeralcontainers?dryRun=All",
                "application/strategic-merge-patch+json",
                PATCH);
        String detail = "dry run on " + pod + ": " + reply.code() + "; RBAC by access review: " + review;
        if (reply.notImpersonated() || reply.code() == 0) {
            return new Check(2, id, what, Answer.DENIED, Answer.INCONCLUSIVE, detail);
        }
        if (reply.code() == 403) {
            return new Check(2, id, what, Answer.DENIED, Answer.DENIED, detail + ", by " + reply.refusedBy());
        }
        // Without a pod admission is not asked: 404 says only that RBAC let it through.
        Answer seen = reply.code() == 200 || reply.code() == 422 ? Answer.ALLOWED : Answer.INCONCLUSIVE;
        return new Check(2, id, what, Answer.DENIED, seen, detail);
    }

    private String review(Who who, String namespace, String resource, String subresource, String verb) {
        SubjectAccessReview review = new SubjectAccessReviewBuilder()
                .withNewSpec()
                .withUser(who.user())
                .withGroups(groups(who))
                .withNewResourceAttributes()
                .withNamespace(resource.equals("nodes") ? null : namespace)
                .withResource(resource)
                .withSubresource(subresource)
                .withVerb(verb)
                .endResourceAttributes()
                .endSpec()
                .build();
        try {
            SubjectAccessReview answer = client.resource(review).create();
            return Boolean.TRUE.equals(answer.getStatus().getAllowed()) ? "allowed" : "denied";
        } catch (KubernetesClientException e) {
            return "not told (" + e.getCode() + ")";
        }
    }

    private static List<String> groups(Who who) {
        List<String> groups = new ArrayList<>(who.groups());
        groups.add("system:authenticated");
        if (who.user().startsWith("system:serviceaccount:")) {
            groups.add("system:serviceaccounts");
            groups.add("system:serviceaccounts:" + who.user().split(":")[2]);
        }
        return groups;
    }
}
