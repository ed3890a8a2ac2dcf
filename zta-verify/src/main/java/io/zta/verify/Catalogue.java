package io.zta.verify;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The catalogue of bypasses: every known way around a sidecar, by a stable id, with what finds it, what prevents it, and the
 * ids that other frameworks give it. {@link io.zta.finding.Finding#bypass()} names a row.
 */
public final class Catalogue {
    private static final Map<String, Bypass> ROWS = rows();

    private Catalogue() {}

    /** Whether a way in can be closed. */
    public enum Closing {
        /** An object closes it. */
        CLOSED("closed by objects"),
        /** An object narrows it; what is left is reported, and a grant or an exception decides. */
        PARTLY("narrowed by objects, the rest reported"),
        /** No object closes it: whoever holds the right has to be trusted, or lose it. */
        TRUST("holders must be trusted, or lose the grant");

        private final String text;

        Closing(String text) {
            this.text = text;
        }

        /** The answer as a clause. */
        public String text() {
            return text;
        }
    }

    /**
     * A way in.
     *
     * @param id stable, such as {@code NET-spoof}
     * @param wayIn what happens, as a clause
     * @param foundBy how a snapshot shows it
     * @param preventedBy which object stands against it
     * @param closing whether that is enough
     * @param references techniques of MITRE ATT&amp;CK, sections of the CIS Kubernetes Benchmark 1.10 and of the NSA-CISA
     *     Kubernetes Hardening Guidance 1.2, tenets of NIST SP 800-207 section 2.1
     */
    public record Bypass(
            String id, String wayIn, String foundBy, String preventedBy, Closing closing, List<String> references) {
        public Bypass {
            references = List.copyOf(references);
        }
    }

    private static Map<String, Bypass> rows() {
        Map<String, Bypass> rows = new LinkedHashMap<>();
        CatalogueRows.all().forEach(row -> rows.put(row.id(), row));
        return rows;
    }

    /** All rows, by layer. */
    public static List<Bypass> all() {
        return List.copyOf(ROWS.values());
    }

    /** The row of that id. */
    public static Optional<Bypass> find(String id) {
        return Optional.ofNullable(ROWS.get(id));
    }

    /** The catalogue as a page of Markdown: {@code docs/bypasses.md} is this text. */
    public static String toMarkdown() {
        StringBuilder out = new StringBuilder("""
                # Catalogue of bypasses

                Every known way around a sidecar. This page is generated from `io.zta.verify.Catalogue`; findings name a row as
                `bypass`. MITRE ATT&CK ids are techniques of its Containers and Enterprise matrices, CIS numbers are sections of
                the CIS Kubernetes Benchmark 1.10, NSA-CISA names chapters of the Kubernetes Hardening Guidance 1.2, NIST counts
                the tenets of SP 800-207, section 2.1.

                """);
        out.append("| id | way in | closed? |\n|---|---|---|\n");
        for (Bypass row : ROWS.values()) {
            out.append("| [").append(row.id()).append("](#").append(row.id().toLowerCase(java.util.Locale.ROOT));
            out.append(") | ")
                    .append(row.wayIn())
                    .append(" | ")
                    .append(row.closing().text())
                    .append(" |\n");
        }
        for (Bypass row : ROWS.values()) {
            out.append("\n## ").append(row.id()).append("\n\n");
            out.append("- **Way in:** ").append(row.wayIn()).append('\n');
            out.append("- **Found by:** ").append(row.foundBy()).append('\n');
            out.append("- **Prevented by:** ").append(row.preventedBy()).append('\n');
            out.append("- **Closed?** ").append(row.closing().text()).append('\n');
            out.append("- **Elsewhere:** ")
                    .append(String.join(", ", row.references()))
                    .append('\n');
        }
        return out.toString();
    }
}
