package io.zta.verify.cli;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.zta.Posture;
import io.zta.intent.Subject;
import io.zta.verify.apply.ApplyException;
import io.zta.verify.apply.BreakGlass;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Function;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code zta breakglass}: lets somebody into containers for a while. */
@Command(
        name = "breakglass",
        description =
                "Lets a subject into the containers of a namespace for a while (grant), shows who is in (list), takes"
                        + " away what has expired (reap). Exit 1 from list where a grant has expired.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  zta breakglass list --posture posture.yaml",
            "  zta breakglass reap --posture posture.yaml --kubeconfig ~/.kube/config"
        })
final class BreakGlassCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Parameters(paramLabel = "grant|list|reap|cronjob", description = "what to do; cronjob prints a reaper's manifests")
    private String action = "list";

    @Option(names = "--posture", paramLabel = "FILE", required = true, description = "a file with one ZeroTrustPosture")
    private Path posture = Path.of("posture.yaml");

    @Mixin
    private ClusterOptions cluster = new ClusterOptions();

    @Option(
            names = {"-n", "--namespace"},
            paramLabel = "NS",
            description = "the posture's only namespace unless given")
    private Optional<String> namespace = Optional.empty();

    @Option(
            names = "--subject",
            paramLabel = "KIND NAME",
            description = "\"User jane\", \"Group oncall\", \"ServiceAccount ns/name\"")
    private Optional<String> subject = Optional.empty();

    @Option(names = "--for", paramLabel = "TIME", description = "such as 30m or 2h")
    private Optional<String> duration = Optional.empty();

    @Option(names = "--reason", paramLabel = "TEXT", description = "why")
    private Optional<String> reason = Optional.empty();

    @Option(names = "--approved-by", paramLabel = "KIND NAME", description = "who approves it")
    private Optional<String> approver = Optional.empty();

    @Option(names = "--image", paramLabel = "IMAGE", description = "the image of the reaper, whose entry point is zta")
    private Optional<String> image = Optional.empty();

    @Override
    public Integer call() {
        Posture read = Posture.read(posture);
        PrintWriter out = spec.commandLine().getOut();
        try {
            if (action.equals("cronjob")) {
                out.print(BreakGlass.cronJob(read, needed(image, "--image"), Duration.ofMinutes(5)));
                out.flush();
                return 0;
            }
            try (KubernetesClient client = cluster.client()) {
                return act(read, BreakGlass.of(read, client), out);
            }
        } catch (ApplyException e) {
            spec.commandLine().getErr().println("zta: " + e.getMessage());
            return ClusterOptions.code(e);
        }
    }

    private int act(Posture read, BreakGlass glass, PrintWriter out) {
        Clock clock = Clock.systemUTC();
        List<BreakGlass.Grant> grants;
        switch (action) {
            case "grant" ->
                grants = List.of(glass.grant(
                        namespace.orElseGet(() -> only(read)),
                        subject(needed(subject, "--subject")),
                        duration(needed(duration, "--for")),
                        needed(reason, "--reason"),
                        subject(needed(approver, "--approved-by")),
                        clock));
            case "list" -> grants = glass.list();
            case "reap" -> grants = glass.reap(clock);
            default ->
                throw new ClusterOptions.IllegalCallException(
                        "breakglass can grant, list, reap or print a cronjob; not \"" + action + "\".");
        }
        Instant now = clock.instant();
        boolean expired = false;
        for (BreakGlass.Grant grant : grants) {
            boolean over = grant.expired(now);
            expired |= over;
            out.println(grant.binding() + "  " + grant.subject() + "  until "
                    + grant.expires().map(Instant::toString).orElse("(no end)") + (over ? "  EXPIRED" : "") + "  "
                    + grant.reason() + "  approved by " + grant.approvedBy());
        }
        out.flush();
        return action.equals("list") && expired ? 1 : 0;
    }

    private static String only(Posture posture) {
        if (posture.namespaces().size() > 1) {
            throw new ClusterOptions.IllegalCallException(
                    "The posture has several namespaces; name one with --namespace: " + posture.namespaces() + ".");
        }
        return posture.namespaces().get(0);
    }

    private static String needed(Optional<String> value, String option) {
        return value.orElseThrow(() -> new ClusterOptions.IllegalCallException("This needs " + option + "."));
    }

    private static Subject subject(String text) {
        String[] words = text.strip().split("\\s+", 2);
        Optional<Function<String, Subject>> kind = words.length < 2
                ? Optional.empty()
                : switch (words[0].toLowerCase(java.util.Locale.ROOT)) {
                    case "user" -> Optional.of(Subject::user);
                    case "group" -> Optional.of(Subject::group);
                    case "serviceaccount" ->
                        Optional.of(name -> {
                            int slash = name.indexOf('/');
                            return Subject.serviceAccount(
                                    name.substring(0, Math.max(0, slash)), name.substring(slash + 1));
                        });
                    default -> Optional.empty();
                };
        return kind.orElseThrow(() -> new ClusterOptions.IllegalCallException("\"" + text
                        + "\" is no subject: \"User jane\", \"Group oncall\" or \"ServiceAccount ns/name\"."))
                .apply(words[1]);
    }

    private static Duration duration(String text) {
        try {
            return Duration.parse(text.startsWith("P") ? text : "PT" + text.toUpperCase(java.util.Locale.ROOT));
        } catch (DateTimeParseException e) {
            throw new ClusterOptions.IllegalCallException("\"" + text + "\" is no length of time: 30m, 2h or PT45M.");
        }
    }
}
