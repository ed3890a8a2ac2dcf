package io.zta.verify.cli;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.zta.Posture;
import io.zta.intent.PostureException;
import io.zta.intent.Subject;
import io.zta.snapshot.Snapshot;
import io.zta.verify.Verifier;
import io.zta.verify.probe.Agreement;
import io.zta.verify.probe.Options;
import io.zta.verify.probe.ProbeReport;
import io.zta.verify.probe.ProbeRole;
import io.zta.verify.probe.Prober;
import io.zta.verify.probe.RedTeam;
import io.zta.verify.probe.RedTeamReport;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code zta probe}: tests a posture on a living cluster. */
@Command(
        name = "probe",
        description = "Tests a posture on a living cluster: network, API, mTLS, gateway, audit.",
        exitCodeList = {
            "0:all tests passed",
            "1:a test failed, or contradicts the static verdict",
            "2:wrong usage, an unreadable posture, or no cluster",
            "3:no test failed, and one is inconclusive"
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  zta probe --posture posture.yaml --kubeconfig ~/.kube/config",
            "  zta probe --posture posture.yaml --dry-run",
            "  zta probe --posture posture.yaml --test 1,3 -o tap",
            "  zta probe --posture posture.yaml --attacks --yes"
        })
final class ProbeCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Option(names = "--posture", paramLabel = "FILE", required = true, description = "The posture, YAML or JSON.")
    @SuppressWarnings("NullAway.Init")
    private Path posture;

    @Option(
            names = "--kubeconfig",
            paramLabel = "FILE",
            description = "How to reach the cluster; as kubectl does else.")
    private @Nullable Path kubeconfig;

    @Option(
            names = "--test",
            paramLabel = "1-5",
            split = ",",
            description = "Run these tests only: 1 network, 2 API, 3 mTLS, 4 gateway, 5 audit.")
    private Set<Integer> tests = new TreeSet<>(Set.of(1, 2, 3, 4, 5));

    @Option(
            names = {"-n", "--namespace"},
            paramLabel = "NS",
            defaultValue = "default",
            description =
                    "An existing, unprotected namespace for the pods that stand for strangers (${DEFAULT-VALUE}).")
    private String namespace = "default";

    @Option(
            names = "--image",
            defaultValue = Options.DEFAULT_IMAGE,
            description = "The image of probe pods: agnhost, sh, nc (${DEFAULT-VALUE}).")
    private String image = Options.DEFAULT_IMAGE;

    @Option(names = "--pull-policy", defaultValue = "IfNotPresent", description = "Its imagePullPolicy.")
    private String pullPolicy = "IfNotPresent";

    @Option(names = "--time-limit", paramLabel = "SECONDS", defaultValue = "300", description = "For the whole run.")
    private long limit = 300;

    @Option(
            names = "--settle",
            paramLabel = "SECONDS",
            defaultValue = "10",
            description = "How long an answer may take to become the expected one.")
    private long settle = 10;

    @Option(names = "--confirmations", defaultValue = "3", description = "Equal answers in a row that make a result.")
    private int confirmations = 3;

    @Option(
            names = "--no-gateway-double",
            description = "No pod may wear the gateway's labels; some results stay open.")
    private boolean noDouble;

    @Option(names = "--host", description = "The host of a legitimate request; else a VirtualService's.")
    private @Nullable String host;

    @Option(names = "--path", defaultValue = "/", description = "The path of a legitimate request.")
    private String path = "/";

    @Option(names = "--token-file", paramLabel = "FILE", description = "A valid token.")
    private @Nullable Path token;

    @Option(names = "--expired-token-file", paramLabel = "FILE", description = "An expired token of the same issuer.")
    private @Nullable Path expired;

    @Option(names = "--foreign-token-file", paramLabel = "FILE", description = "A token of another issuer.")
    private @Nullable Path foreign;

    @Option(
            names = "--audit-log",
            paramLabel = "FILE",
            description = "The audit log, or a webhook's sink: a JSON document a line. Else the API server pod's log.")
    private @Nullable Path auditLog;

    @Option(
            names = "--attacks",
            description =
                    "Try each way of the catalogue in scratch namespaces, before and after the posture's objects.")
    private boolean attacks;

    @Option(names = "--yes", description = "With --attacks: write without asking.")
    private boolean yes;

    @Option(names = "--compare", description = "Compare with the static verdict; reads every kind of object.")
    private boolean compare;

    @Option(names = "--dry-run", description = "Print what would be done, and do nothing.")
    private boolean dryRun;

    @Option(names = "--print-role", description = "Print the roles that a prober needs, and do nothing.")
    private boolean printRole;

    @Option(
            names = "--as",
            paramLabel = "NS/NAME",
            defaultValue = "default/zta-prober",
            description = "With --print-role: the prober's service account (${DEFAULT-VALUE}).")
    private String prober = "default/zta-prober";

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORMAT",
            defaultValue = "text",
            description = "text, json, tap or junit.")
    private String output = "text";

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        try {
            if (!List.of("text", "json", "tap", "junit").contains(output)) {
                throw new IllegalArgumentException("-o takes text, json, tap or junit; got " + output);
            }
            Posture asked = Posture.read(posture);
            Options options = options();
            if (printRole) {
                out.print(ProbeRole.yaml(asked, options, account()));
                out.flush();
                return 0;
            }
            if (attacks) {
                return attack(asked, options, out);
            }
            if (dryRun) {
                Prober.listing(asked, options).forEach(out::println);
                out.flush();
                return 0;
            }
            try (KubernetesClient client = client()) {
                ProbeReport report = Prober.probe(asked, client, options);
                if (compare) {
                    report = report.withAlarms(Agreement.alarms(
                            report.checks(),
                            Verifier.verify(asked, Snapshot.of(client)).claims()));
                }
                out.print(
                        switch (output) {
                            case "json" -> report.json();
                            case "tap" -> report.tap();
                            case "junit" -> report.junit();
                            default -> report.text();
                        });
                out.flush();
                return report.exitCode();
            }
        } catch (PostureException
                | IllegalArgumentException
                | ClusterOptions.IllegalCallException
                | Prober.ProbeSetupException
                | IOException e) {
            err.println("zta probe: " + e.getMessage());
        } catch (KubernetesClientException e) {
            err.println("zta probe: the cluster can't be asked: " + e.getMessage()
                    + ". Check --kubeconfig, and that the prober holds what --print-role prints");
        }
        err.flush();
        return 2;
    }

    private int attack(Posture asked, Options options, PrintWriter out) throws IOException {
        if (!List.of("text", "json").contains(output)) {
            throw new IllegalArgumentException("with --attacks, -o takes text or json; got " + output);
        }
        if (dryRun) {
            RedTeam.listing(asked, options).forEach(out::println);
            out.flush();
            return 0;
        }
        if (!Consent.given(yes, "Make scratch namespaces, grants and admission policies, and attack them?")) {
            return 2;
        }
        try (KubernetesClient client = client()) {
            Progress.say("attacking in scratch namespaces, before and after the posture's objects");
            RedTeamReport report = RedTeam.run(asked, client, options);
            out.print(output.equals("json") ? report.json() : report.text());
            out.flush();
            return report.exitCode();
        }
    }

    private Subject account() {
        int slash = prober.indexOf('/');
        if (slash < 1) {
            throw new IllegalArgumentException("--as takes NAMESPACE/NAME of a service account; got " + prober);
        }
        return Subject.serviceAccount(prober.substring(0, slash), prober.substring(slash + 1));
    }

    private Options options() throws IOException {
        Options options = Options.defaults()
                .onlyTests(tests)
                .withNamespace(namespace)
                .withImage(image, pullPolicy)
                .withTimes(Duration.ofSeconds(limit), Duration.ofSeconds(settle), confirmations)
                .withRequest(
                        Optional.ofNullable(host), path, new Options.Tokens(read(token), read(expired), read(foreign)));
        if (noDouble) {
            options = options.withoutGatewayDouble();
        }
        return auditLog == null ? options : options.withAuditLog(auditLog);
    }

    private static Optional<String> read(@Nullable Path file) throws IOException {
        if (file == null) {
            return Optional.empty();
        }
        if (!Files.isReadable(file)) {
            throw new IOException("there is no readable token file " + file);
        }
        return Optional.of(Files.readString(file).strip());
    }

    private KubernetesClient client() throws IOException {
        if (kubeconfig == null) {
            return new KubernetesClientBuilder().build();
        }
        if (!Files.isReadable(kubeconfig)) {
            throw new IOException("there is no readable kubeconfig " + kubeconfig);
        }
        return new KubernetesClientBuilder()
                .withConfig(Config.fromKubeconfig(kubeconfig.toFile()))
                .build();
    }
}
