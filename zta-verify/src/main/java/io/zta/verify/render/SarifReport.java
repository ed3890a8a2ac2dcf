package io.zta.verify.render;

import io.zta.finding.ClaimResult;
import io.zta.finding.Doubt;
import io.zta.finding.Evidence;
import io.zta.finding.Finding;
import io.zta.finding.Hop;
import io.zta.finding.Severity;
import io.zta.snapshot.Damage;
import io.zta.snapshot.Origin;
import io.zta.verify.Catalogue;
import io.zta.verify.Report;
import io.zta.verify.internal.Fingerprint;
import io.zta.verify.internal.Json;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * SARIF 2.1.0 (OASIS Standard, 27 March 2020). A finding is a result of kind {@code fail}, a claim that is not known one of
 * kind {@code open}; what could not be read is a notification of the invocation.
 */
final class SarifReport {
    private static final String UNKNOWN = "ZTA-UNKNOWN";
    private static final Pattern DRIVE = Pattern.compile("[A-Za-z]:/");

    private final Dossier dossier;
    private final Map<String, Map<String, Object>> rules = new TreeMap<>();
    private final Map<String, Integer> seen = new LinkedHashMap<>();

    private SarifReport(Dossier dossier) {
        this.dossier = dossier;
    }

    static String write(Dossier dossier) {
        return Json.indented(new SarifReport(dossier).log());
    }

    private Map<String, Object> log() {
        findRules();
        List<Object> results = new ArrayList<>();
        Map<Finding, Optional<ClaimResult>> findings = new LinkedHashMap<>();
        for (Report report : dossier.reports()) {
            for (ClaimResult claim : report.claims()) {
                Words.findings(claim).forEach(finding -> findings.putIfAbsent(finding, Optional.of(claim)));
            }
            report.notes().forEach(finding -> findings.putIfAbsent(finding, Optional.empty()));
        }
        findings.forEach((finding, claim) -> results.add(failed(finding, claim)));
        for (Dossier.Asked asked : dossier.claims()) {
            Words.doubts(asked.result()).forEach(doubt -> results.add(open(asked.result(), doubt)));
        }
        Map<String, Object> driver = Json.object(
                "name",
                "zta",
                "informationUri",
                "https://github.com/zta-io/zta",
                "rules",
                new ArrayList<>(rules.values()));
        Map<String, Object> run = Json.object(
                "tool",
                Json.object("driver", driver),
                "columnKind",
                "utf16CodeUnits",
                "invocations",
                List.of(Json.object(
                        "executionSuccessful",
                        true,
                        "toolExecutionNotifications",
                        dossier.damages().stream().map(SarifReport::unread).toList())),
                "results",
                results,
                "properties",
                Json.object(
                        "outcome",
                        dossier.outcome().name().toLowerCase(Locale.ROOT),
                        "assumptions",
                        dossier.assumptions(),
                        "trustedBase",
                        dossier.trustedBase(),
                        "exceptions",
                        dossier.exceptions()));
        return Json.object(
                "$schema",
                "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
                "version",
                "2.1.0",
                "runs",
                List.of(run));
    }

    private void findRules() {
        dossier.findings().forEach(finding -> rules.computeIfAbsent(finding.id(), id -> rule(finding)));
        boolean open = dossier.claims().stream()
                .anyMatch(asked -> !Words.doubts(asked.result()).isEmpty());
        if (open) {
            rules.put(
                    UNKNOWN,
                    Json.object(
                            "id",
                            UNKNOWN,
                            "name",
                            "ClaimNotKnown",
                            "shortDescription",
                            text("A claim could be neither proven nor refuted"),
                            "defaultConfiguration",
                            Json.object("level", "none")));
        }
    }

    private static Map<String, Object> rule(Finding finding) {
        Optional<Catalogue.Bypass> bypass = Catalogue.find(finding.bypass());
        List<String> tags = new ArrayList<>(List.of("security", "kubernetes"));
        bypass.ifPresent(row -> {
            tags.add("bypass/" + row.id());
            tags.addAll(row.references());
        });
        return Json.object(
                "id",
                finding.id(),
                "shortDescription",
                text(bypass.map(Catalogue.Bypass::wayIn).orElse(finding.title())),
                "help",
                text(finding.fix().isEmpty() ? finding.title() : finding.fix()),
                "defaultConfiguration",
                Json.object("level", level(finding.severity())),
                "properties",
                Json.object("tags", tags, "bypass", finding.bypass(), "rule", finding.rule()));
    }

    private Map<String, Object> failed(Finding finding, Optional<ClaimResult> claim) {
        Origin own = Words.place(finding);
        Origin place = Words.hasPlace(own)
                ? own
                : claim.map(result -> dossier.asked().getOrDefault(result.claim(), Origin.MEMORY))
                        .orElse(Origin.MEMORY);
        List<Object> flows = finding.witness().isEmpty()
                ? List.of()
                : List.of(Json.object("threadFlows", List.of(Json.object("locations", steps(finding)))));
        String fix = finding.fix().isEmpty() ? "" : " Fix: " + finding.fix() + ".";
        return Json.object(
                "ruleId",
                finding.id(),
                "ruleIndex",
                new ArrayList<>(rules.keySet()).indexOf(finding.id()),
                "kind",
                "fail",
                "level",
                level(finding.severity()),
                "message",
                text(finding.object() + " " + finding.title() + "." + fix),
                "locations",
                List.of(location(place, finding.object(), Optional.empty())),
                "relatedLocations",
                finding.evidence().stream()
                        .map(evidence ->
                                location(evidence.origin(), evidence.object(), Optional.of(evidence.toString())))
                        .toList(),
                "codeFlows",
                flows.isEmpty() ? Optional.empty() : Optional.of(flows),
                "partialFingerprints",
                Json.object("ztaFinding/v1", numbered(Fingerprint.of(finding))),
                "properties",
                Json.object("claim", claim.map(result -> result.claim().id()), "bypass", finding.bypass()));
    }

    /** Two alike findings (one object of which two list items have the same fault) are told apart by their order. */
    private String numbered(String fingerprint) {
        int number = seen.merge(fingerprint, 1, Integer::sum);
        return number == 1 ? fingerprint : fingerprint + ":" + number;
    }

    private static List<Object> steps(Finding finding) {
        List<Object> steps = new ArrayList<>();
        for (Hop hop : finding.witness()) {
            Origin origin = hop.because().map(Evidence::origin).orElse(Origin.MEMORY);
            String object = hop.because().map(Evidence::object).orElse(finding.object());
            String text =
                    hop.what() + hop.because().map(because -> ": " + because).orElse("");
            steps.add(Json.object(
                    "executionOrder", steps.size() + 1, "location", location(origin, object, Optional.of(text))));
        }
        return steps;
    }

    private Map<String, Object> open(ClaimResult result, Doubt doubt) {
        Origin place = Words.hasPlace(doubt.origin())
                ? doubt.origin()
                : dossier.asked().getOrDefault(result.claim(), Origin.MEMORY);
        String resolve = doubt.resolve().isEmpty() ? "" : " To settle it: " + doubt.resolve() + ".";
        return Json.object(
                "ruleId",
                UNKNOWN,
                "ruleIndex",
                new ArrayList<>(rules.keySet()).indexOf(UNKNOWN),
                "kind",
                "open",
                "level",
                "none",
                "message",
                text("Not known whether " + result.claim().text() + " in " + result.scope() + ": " + doubt.reason()
                        + "." + resolve),
                "locations",
                List.of(location(place, result.scope(), Optional.empty())),
                "partialFingerprints",
                Json.object(
                        "ztaFinding/v1",
                        numbered(Fingerprint.hash(
                                result.claim().id() + "\n" + result.scope() + "\n" + doubt.reason()))));
    }

    private static Map<String, Object> unread(Damage damage) {
        return Json.object(
                "level",
                "error",
                "message",
                text(damage.problem() + ". " + damage.remedy()),
                "locations",
                List.of(location(damage.origin(), "", Optional.empty())));
    }

    private static Map<String, Object> location(Origin origin, String object, Optional<String> message) {
        Optional<Object> physical = Optional.empty();
        if (Words.hasPlace(origin)) {
            Optional<Integer> column = origin.column() > 0 ? Optional.of(origin.column()) : Optional.empty();
            physical = Optional.of(Json.object(
                    "artifactLocation",
                    Json.object("uri", uri(origin.source())),
                    "region",
                    Json.object("startLine", origin.line(), "startColumn", column)));
        }
        Optional<Object> logical = object.isEmpty()
                ? Optional.empty()
                : Optional.of(List.of(Json.object("fullyQualifiedName", object, "kind", "resource")));
        return Json.object(
                "physicalLocation", physical, "logicalLocations", logical, "message", message.map(SarifReport::text));
    }

    /**
     * A relative path stays relative to where the command ran, which is what code scanning expects; an absolute one, of
     * Windows too, becomes a {@code file} URI, and what is one already stays.
     */
    static String uri(String source) {
        if (source.startsWith("file:")) {
            return source;
        }
        String path = normal(source.replace('\\', '/'));
        if (path.startsWith("//")) {
            return "file:" + encoded(path); // a share: its host is the URI's
        }
        if (path.startsWith("/")) {
            return "file://" + encoded(path);
        }
        return DRIVE.matcher(path).lookingAt()
                ? "file:///" + path.substring(0, 2) + encoded(path.substring(2))
                : encoded(path);
    }

    /** Without {@code .} and without a directory that {@code ..} leaves again; {@code ..} at the start stays. */
    private static String normal(String path) {
        List<String> kept = new ArrayList<>();
        for (String part : path.split("/", -1)) {
            boolean leaves =
                    part.equals("..") && !kept.isEmpty() && !List.of("..", "").contains(kept.get(kept.size() - 1));
            if (leaves) {
                kept.remove(kept.size() - 1);
            } else if (!part.equals(".")) {
                kept.add(part);
            }
        }
        return String.join("/", kept);
    }

    private static String encoded(String path) {
        StringBuilder uri = new StringBuilder();
        for (byte b : path.getBytes(StandardCharsets.UTF_8)) {
            char c = (char) (b & 0xff);
            boolean plain =
                    c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || "-._~/".indexOf(c) >= 0;
            uri.append(plain ? String.valueOf(c) : String.format(Locale.ROOT, "%%%02X", (int) c));
        }
        return uri.toString();
    }

    private static String level(Severity severity) {
        return switch (severity) {
            case ERROR -> "error";
            case WARNING -> "warning";
            case NOTE -> "note";
        };
    }

    private static Map<String, Object> text(String text) {
        return Json.object("text", text);
    }
}
