package io.zta.verify.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The audit command on small logs. */
class AuditTest {
    @TempDir
    Path folder;

    private static String event(String id, String stage, String user, String sub, int code) {
        return "{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\",\"level\":\"Metadata\",\"auditID\":\"" + id
                + "\",\"stage\":\"" + stage + "\",\"verb\":\"get\",\"user\":{\"username\":\"" + user
                + "\",\"groups\":[\"developers\",\"system:authenticated\"]},\"objectRef\":{\"resource\":\"pods\",\"namespace\":"
                + "\"shop\",\"name\":\"orders\",\"apiVersion\":\"v1\",\"subresource\":\"" + sub
                + "\"},\"responseStatus\":{\"metadata\":{},\"code\":" + code
                + "},\"requestReceivedTimestamp\":\"2026-01-02T03:04:05.000000Z\"}\n";
    }

    private CommandLineRun run(String log, String... more) throws IOException {
        Path file = Files.writeString(folder.resolve("audit.log"), log);
        String[] arguments = new String[more.length + 3];
        arguments[0] = "audit";
        arguments[1] = "--log";
        arguments[2] = file.toString();
        System.arraycopy(more, 0, arguments, 3, more.length);
        return CommandLineRun.zta((Object[]) arguments);
    }

    @Test
    void somebody_who_got_in_is_named_once_for_both_events_of_a_stream() throws IOException {
        CommandLineRun run = run(event("1", "ResponseStarted", "jane", "exec", 101)
                + event("1", "ResponseComplete", "jane", "exec", 101));
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.out()).contains("2 lines read", "jane: API-exec in shop got in, 1 time");
    }

    @Test
    void refused_attempts_are_listed_and_pass() throws IOException {
        CommandLineRun run = run(event("1", "ResponseComplete", "jane", "portforward", 403), "-o", "json");
        assertThat(run.code()).isZero();
        assertThat(run.out()).contains("\"bypass\": \"API-portforward\"", "\"outcome\": \"refused\"");
    }

    @Test
    void other_requests_and_other_namespaces_are_left_out() throws IOException {
        assertThat(run(event("1", "ResponseComplete", "jane", "log", 200)).code())
                .isZero();
        assertThat(run(event("1", "ResponseComplete", "jane", "exec", 101), "-n", "other")
                        .code())
                .isZero();
    }

    @Test
    void a_damaged_line_is_counted_with_its_number() throws IOException {
        String whole = event("1", "ResponseComplete", "jane", "exec", 403);
        CommandLineRun run = run(whole + whole.substring(0, 60) + "\n");
        assertThat(run.code()).isEqualTo(3);
        assertThat(run.out()).contains("1 damaged lines, the first: [2]");
    }

    @Test
    void a_break_glass_grant_in_force_accounts_for_entry() throws IOException {
        Path cluster = Files.writeString(folder.resolve("cluster.yaml"), """
                apiVersion: rbac.authorization.k8s.io/v1
                kind: RoleBinding
                metadata: {name: glass, namespace: shop, annotations: {zta.io/expires: "2026-01-02T04:00:00Z"}}
                roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: zta-break-glass}
                subjects: [{kind: Group, name: developers, apiGroup: rbac.authorization.k8s.io}]
                """);
        String log = event("1", "ResponseComplete", "jane", "exec", 101);
        CommandLineRun run = run(log, "--snapshot", cluster.toString());
        assertThat(run.code()).isZero();
        assertThat(run.out()).contains("break-glass glass");
        Files.writeString(cluster, Files.readString(cluster).replace("04:00", "03:00"));
        assertThat(run(log, "--snapshot", cluster.toString()).code()).isEqualTo(1);
    }

    @Test
    void a_log_that_is_not_there_is_wrong_usage() {
        CommandLineRun run =
                CommandLineRun.zta("audit", "--log", folder.resolve("none").toString());
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).contains("There is no log");
    }
}
