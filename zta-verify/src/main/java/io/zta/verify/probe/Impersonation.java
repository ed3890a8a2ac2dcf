package io.zta.verify.probe;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import io.zta.intent.Subject;
import java.net.URI;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Plain requests to the API server in the name of somebody else. */
final class Impersonation {
    private static final int LIMIT_SECONDS = 20;
    private final KubernetesClient client;

    Impersonation(KubernetesClient client) {
        this.client = client;
    }

    /**
     * Who is impersonated.
     *
     * @param user the user name
     * @param groups groups beside those that the API server adds
     */
    record Who(String user, List<String> groups) {
        /** The member of a group that stands for it: a user with that group and nothing else. */
        static final String MEMBER = "zta-probe-member";

        static Who of(Subject subject) {
            return switch (subject.kind()) {
                case GROUP -> new Who(MEMBER, List.of(subject.name()));
                case USER, SERVICE_ACCOUNT -> new Who(subject.userName(), List.of());
            };
        }
    }

    /**
     * An answer of the API server.
     *
     * @param code the HTTP status; 0 where there was no answer
     * @param body the body
     */
    record Reply(int code, String body) {
        boolean notImpersonated() {
            return code == 403 && body.contains("cannot impersonate");
        }

        /** Who refused, in two words. */
        String refusedBy() {
            if (body.contains("ValidatingAdmissionPolicy") || body.contains("denied request")) {
                return "admission";
            }
            return "RBAC";
        }
    }

    Reply send(Who who, String method, String path, String contentType, String body) {
        HttpRequest.Builder request = client.getHttpClient()
                .newHttpRequestBuilder()
                .uri(URI.create(client.getMasterUrl().toString().replaceAll("/$", "") + path))
                .timeout(LIMIT_SECONDS, TimeUnit.SECONDS)
                .header("Accept", "application/json")
                .header("Impersonate-User", who.user());
        who.groups().forEach(group -> request.header("Impersonate-Group", group));
        if (method.equals("GET")) {
            request.method("GET", null, null);
        } else {
            request.method(method, contentType, body);
        }
        try {
            HttpResponse<String> response = client.getHttpClient()
                    .sendAsync(request.build(), String.class)
                    .get(LIMIT_SECONDS + 5, TimeUnit.SECONDS);
            return new Reply(response.code(), response.body() == null ? "" : response.body());
        } catch (ExecutionException | TimeoutException e) {
            return new Reply(0, String.valueOf(e.getMessage()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new Reply(0, "interrupted");
        }
    }
}
