package io.zta.istio;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/** How Istio's rules compare text: exact, {@code prefix*}, {@code *suffix}, and {@code *} for anything that is there. */
final class Patterns {
    private Patterns() {}

    static boolean matches(String pattern, String value) {
        if (pattern.equals("*")) {
            return !value.isEmpty();
        }
        if (pattern.startsWith("*")) {
            return value.endsWith(pattern.substring(1));
        }
        if (pattern.endsWith("*")) {
            return value.startsWith(pattern.substring(0, pattern.length() - 1));
        }
        return value.equals(pattern);
    }

    static boolean matchesHost(String pattern, String value) {
        return matches(pattern.toLowerCase(Locale.ROOT), value.toLowerCase(Locale.ROOT));
    }

    /** A path may also be a template: <code>{*}</code> is one segment, <code>{**}</code> any number of them. */
    static boolean matchesPath(String pattern, String path) {
        if (!pattern.contains("{*}") && !pattern.contains("{**}")) {
            return matches(pattern, path);
        }
        StringBuilder regex = new StringBuilder();
        for (String part : pattern.split("(?<=\\{\\*\\*?\\})|(?=\\{\\*\\*?\\})")) {
            regex.append(part.equals("{*}") ? "[^/]+" : part.equals("{**}") ? ".*" : Pattern.quote(part));
        }
        return Pattern.matches(regex.toString(), path);
    }

    /** A namespace pattern may hold {@code *} anywhere. */
    static boolean matchesNamespace(String pattern, String principal) {
        StringBuilder regex = new StringBuilder(".*/ns/");
        String[] parts = pattern.split("\\*", -1);
        for (int i = 0; i < parts.length; i++) {
            regex.append(i == 0 ? "" : ".*").append(Pattern.quote(parts[i]));
        }
        return Pattern.matches(regex.append("/.*").toString(), "spiffe://" + principal);
    }

    /** {@code account} of the policy's namespace, or {@code namespace/account}. */
    static boolean matchesServiceAccount(String value, String ownNamespace, String principal) {
        int slash = value.indexOf('/');
        String namespace = slash < 0 ? ownNamespace : value.substring(0, slash);
        String account = slash < 0 ? value : value.substring(slash + 1);
        return Pattern.matches(
                ".+/ns/" + Pattern.quote(namespace) + "/(.+/|)sa/" + Pattern.quote(account) + "(/.+)?", principal);
    }

    static boolean matchesTrustDomain(String pattern, List<String> domains, String principal) {
        Set<String> values = new LinkedHashSet<>();
        if (domains.contains(pattern)) {
            values.addAll(domains);
        } else {
            values.add(pattern);
        }
        String domain = principal.split("/", 2)[0];
        return values.stream().anyMatch(value -> {
            int star = value.indexOf('*');
            return star < 0
                    ? domain.equals(value)
                    : domain.length() >= value.length() - 1
                            && domain.startsWith(value.substring(0, star))
                            && domain.endsWith(value.substring(star + 1));
        });
    }

    /** A principal with the local trust domain and its aliases in place of its own, where it names one of them. */
    static Set<String> principals(String value, List<String> domains) {
        String[] parts = value.split("/", -1);
        Set<String> all = new LinkedHashSet<>();
        if (parts.length != 5 || parts[0].equals("*")) {
            all.add(value);
            return all;
        }
        String domain = parts[0];
        boolean local = domain.equals("cluster.local")
                || domains.stream().anyMatch(own -> domain.equals(own) || own.contains("*") && matches(own, domain));
        if (!local) {
            all.add(value);
            return all;
        }
        String rest = value.substring(domain.length());
        for (String own : domains) {
            all.add(domain.startsWith("*") && own.endsWith(domain.substring(1)) ? value : own + rest);
        }
        return all;
    }

    /** Whether issuer and subject of a token match a request principal, {@code ISSUER/SUBJECT} with wildcards. */
    static boolean matchesRequestPrincipal(String value, String issuer, String subject) {
        if (issuer.isEmpty() || subject.isEmpty()) {
            return false;
        }
        int slash = value.lastIndexOf('/');
        String iss = slash < 0 ? value : value.substring(0, slash);
        String sub = slash < 0 ? "" : value.substring(slash + 1);
        if (value.equals("*")) {
            return true;
        }
        if (value.startsWith("*")) {
            return slash < 0
                    ? subject.endsWith(value.substring(1))
                    : (iss.equals("*") || issuer.endsWith(iss.substring(1))) && subject.equals(sub);
        }
        if (value.endsWith("*")) {
            return slash < 0
                    ? issuer.startsWith(value.substring(0, value.length() - 1))
                    : issuer.equals(iss) && (sub.equals("*") || subject.startsWith(sub.substring(0, sub.length() - 1)));
        }
        return slash >= 0 && issuer.equals(iss) && subject.equals(sub);
    }
}
