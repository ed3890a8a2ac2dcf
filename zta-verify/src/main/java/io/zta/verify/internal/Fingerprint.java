package io.zta.verify.internal;

import io.zta.finding.Finding;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Locale;

/** What a finding is known by from one run to the next. */
public final class Fingerprint {
    private Fingerprint() {}

    /**
     * Tells a finding from others wherever its file and line move to: of its id, its object, and the decisive field
     * without places in lists.
     */
    public static String of(Finding finding) {
        StringBuilder text = new StringBuilder(finding.id())
                .append('\n')
                .append(finding.bypass())
                .append('\n')
                .append(finding.object());
        finding.evidence().stream()
                .findFirst()
                .ifPresent(decisive -> text.append('\n')
                        .append(decisive.object())
                        .append('\n')
                        .append(decisive.path().replaceAll("\\[\\d+\\]", "[]"))
                        .append('\n')
                        .append(decisive.value()));
        return hash(text.toString());
    }

    /** 32 hexadecimal digits of the text's SHA-256. */
    public static String hash(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            StringBuilder hex = new StringBuilder();
            for (int i = 0; i < 16; i++) {
                hex.append(String.format(Locale.ROOT, "%02x", digest[i]));
            }
            return hex.toString();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
