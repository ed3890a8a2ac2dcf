package io.zta.verify.cli;

import io.zta.rbac.audit.AuditLog;
import io.zta.rbac.audit.AuditLog.Attempt;
import io.zta.rbac.audit.AuditLog.Outcome;
import io.zta.rbac.audit.AuditLog.Summary;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Node;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import io.zta.verify.internal.Json;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code zta audit}: who tried to get into containers, how, and what came of it, by the API server's audit log. */
@Command(
        name = "audit",
        description = "Lists the attempts to get into containers that an audit log holds, and what came of each.",
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:nobody got in but by a break-glass grant",
            "1:somebody got in",
            "2:wrong usage, or the log cannot be read",
            "3:nobody is seen to get in, and some lines are damaged"
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  zta audit --log /var/log/kubernetes/audit.log",
            "  zta audit --log - -n shop --snapshot cluster/ -o json < audit.log"
        })
final class AuditCommand implements Callable<Integer> {
    /** Forms of the answer. */
    enum Format {
        json,
        text
    }

    private record Group(
            String user, String impersonated, String bypass, String namespace, Outcome outcome, String glass) {}

    private static final class Tally {
        private final String first;
        private String last = "";
        private long times;

        Tally(String first) {
            this.first = first;
        }
    }

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Option(
            names = "--log",
            required = true,
            paramLabel = "FILE",
            description = "the log, JSON lines; - for standard input")
    private String log = "";

    @Option(names = "-n", paramLabel = "NAMESPACE", description = "attempts in this namespace only")
    private Optional<String> namespace = Optional.empty();

    @Option(
            names = "--snapshot",
            paramLabel = "PATH",
            description = "the cluster's objects: attempts by a break-glass grant that is among them are told apart")
    private Optional<Path> snapshot = Optional.empty();

    @Option(names = "-o", paramLabel = "FORMAT", description = "json or text; text where left out")
    private Format format = Format.text;

    @Override
    public Integer call() throws IOException {
        List<Resource> glasses = snapshot.map(Snapshot::of).stream()
                .flatMap(cluster -> cluster.resources(GroupKind.ROLE_BINDING).stream())
                .filter(binding -> binding.annotations().containsKey("zta.io/expires"))
                .toList();
        Map<Group, Tally> groups = new LinkedHashMap<>();
        Summary summary;
        try (InputStream in = log.equals("-") ? System.in : open()) {
            summary = AuditLog.read(in, attempt -> {
                if (namespace.isEmpty() || namespace.get().equals(attempt.namespace())) {
                    Tally tally = groups.computeIfAbsent(group(attempt, glasses), key -> new Tally(attempt.time()));
                    tally.times++;
                    tally.last = attempt.time();
                }
            });
        }
        print(groups, summary);
        boolean entered = groups.keySet().stream()
                .anyMatch(group ->
                        group.outcome() == Outcome.GOT_IN && group.glass().isEmpty());
        return entered ? ExitCode.VIOLATED : summary.damaged() > 0 ? ExitCode.UNKNOWN : ExitCode.PROVEN;
    }

    private InputStream open() throws IOException {
        Path file = Path.of(log);
        if (!Files.isReadable(file) || Files.isDirectory(file)) {
            throw new UsageException("There is no log " + log + " that can be read. Name a file of JSON lines, or -.");
        }
        return new BufferedInputStream(Files.newInputStream(file));
    }

    private static Group group(Attempt attempt, List<Resource> glasses) {
        String glass = glasses.stream()
                .filter(binding -> binding.namespace().equals(attempt.namespace())
                        && binding.annotations()
                                        .getOrDefault("zta.io/expires", "")
                                        .compareTo(attempt.time())
                                >= 0
                        && binding.tree().get("subjects").items().stream().anyMatch(subject -> names(subject, attempt)))
                .map(Resource::name)
                .findFirst()
                .orElse("");
        return new Group(
                attempt.user(),
                attempt.impersonated(),
                attempt.bypass(),
                attempt.namespace(),
                attempt.outcome(),
                glass);
    }

    private static boolean names(Node subject, Attempt attempt) {
        String name = subject.get("name").textOr("");
        return switch (subject.get("kind").textOr("")) {
            case "User" -> attempt.user().equals(name);
            case "Group" -> attempt.groups().contains(name);
            default ->
                attempt.user()
                        .equals("system:serviceaccount:"
                                + subject.get("namespace").textOr("") + ":" + name);
        };
    }

    private void print(Map<Group, Tally> groups, Summary summary) {
        PrintWriter out = spec.commandLine().getOut();
        if (format == Format.json) {
            List<Map<String, Object>> rows = new ArrayList<>();
            groups.forEach((group, tally) -> {
                Map<String, Object> row = new LinkedHashMap<>();
                row.put("bypass", group.bypass());
                row.put("user", group.user());
                row.put("impersonated", group.impersonated());
                row.put("namespace", group.namespace());
                row.put("outcome", word(group.outcome()));
                row.put("breakGlass", group.glass());
                row.put("times", tally.times);
                row.put("first", tally.first);
                row.put("last", tally.last);
                rows.add(row);
            });
            Map<String, Object> answer = new LinkedHashMap<>();
            answer.put("lines", summary.lines());
            answer.put("damaged", summary.damaged());
            answer.put("damagedLines", summary.damagedLines());
            answer.put("attempts", rows);
            out.print(Json.indented(answer));
        } else {
            out.println(summary.lines() + " lines read, " + (groups.isEmpty() ? "no attempt" : "attempts by")
                    + (groups.isEmpty() ? "" : ":"));
            groups.forEach((group, tally) -> out.println("  " + group.user()
                    + (group.impersonated().isEmpty() ? "" : " as " + group.impersonated()) + ": " + group.bypass()
                    + (group.namespace().isEmpty() ? "" : " in " + group.namespace()) + " " + word(group.outcome())
                    + ", "
                    + tally.times + (tally.times == 1 ? " time, " : " times, last ") + tally.last
                    + (group.glass().isEmpty() ? "" : ", break-glass " + group.glass())));
            if (summary.damaged() > 0) {
                out.println(summary.damaged() + " damaged lines, the first: " + summary.damagedLines()
                        + ". What they held is not known.");
            }
        }
        out.flush();
    }

    private static String word(Outcome outcome) {
        return outcome.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
}
