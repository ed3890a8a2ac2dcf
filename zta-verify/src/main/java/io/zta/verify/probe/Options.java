package io.zta.verify.probe;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * How to probe. Immutable; start with {@link #defaults()}.
 *
 * @param tests which of the five tests run, 1 to 5
 * @param namespace where the pods run that stand for strangers: an existing namespace that the posture does not protect
 * @param image the image of probe pods; holds {@code agnhost}, a shell and {@code nc}
 * @param pullPolicy its imagePullPolicy
 * @param timeLimit after which every object of the prober goes away by itself; also the limit of the whole run
 * @param settle how long an answer may take to become the expected one, since no API says when a policy is in force
 * @param confirmations how many equal answers on fresh connections make a result
 * @param gatewayDouble whether pods in the gateway's namespace may wear its labels (never ready, so no traffic comes to
 *     them): the positive control of the network test and the source of the mTLS test
 * @param host the Host header of legitimate requests; empty for the first host of a VirtualService of the namespaces
 * @param path the path of legitimate requests
 * @param tokens the tokens for legitimate requests
 * @param auditLog a file of audit events, one JSON document a line: the server's log, or a webhook's sink; empty for the
 *     log of the API server's pod
 * @param marker what names this run in object names and in the audit log; empty for a random one
 */
public record Options(
        Set<Integer> tests,
        String namespace,
        String image,
        String pullPolicy,
        Duration timeLimit,
        Duration settle,
        int confirmations,
        boolean gatewayDouble,
        Optional<String> host,
        String path,
        Tokens tokens,
        Optional<Path> auditLog,
        Optional<String> marker) {
    /** A public image with all that a probe pod needs. */
    public static final String DEFAULT_IMAGE = "registry.k8s.io/e2e-test-images/agnhost:2.53";

    public Options {
        tests = java.util.Collections.unmodifiableSet(new TreeSet<>(tests));
        if (confirmations < 1) {
            throw new IllegalArgumentException(
                    "at least one answer makes a result; got confirmations = " + confirmations);
        }
        if (timeLimit.compareTo(Duration.ofSeconds(30)) < 0) {
            throw new IllegalArgumentException("a run takes more than " + timeLimit + "; give it 30 seconds at least");
        }
        if (tests.isEmpty() || tests.stream().anyMatch(test -> test < 1 || test > 5)) {
            throw new IllegalArgumentException("the tests are numbered 1 to 5; got " + tests);
        }
    }

    /**
     * Tokens for legitimate requests. Never printed.
     *
     * @param valid one that must be let in
     * @param expired one of the same issuer that is past its time
     * @param foreign one of another issuer
     */
    public record Tokens(Optional<String> valid, Optional<String> expired, Optional<String> foreign) {
        /** No tokens. */
        public static final Tokens NONE = new Tokens(Optional.empty(), Optional.empty(), Optional.empty());

        /** Says which are there, never what they are. */
        @Override
        public String toString() {
            return "Tokens[valid=" + valid.isPresent() + ", expired=" + expired.isPresent() + ", foreign="
                    + foreign.isPresent() + "]";
        }
    }

    /** All five tests, strangers in {@code default}, three confirmations, ten seconds to settle, five minutes in all. */
    public static Options defaults() {
        return new Options(
                Set.of(1, 2, 3, 4, 5),
                "default",
                DEFAULT_IMAGE,
                "IfNotPresent",
                Duration.ofMinutes(5),
                Duration.ofSeconds(10),
                3,
                true,
                Optional.empty(),
                "/",
                Tokens.NONE,
                Optional.empty(),
                Optional.empty());
    }

    /** The same, running these tests only. */
    public Options onlyTests(Set<Integer> numbers) {
        return new Options(
                numbers,
                namespace,
                image,
                pullPolicy,
                timeLimit,
                settle,
                confirmations,
                gatewayDouble,
                host,
                path,
                tokens,
                auditLog,
                marker);
    }

    /** The same, with strangers in that namespace. */
    public Options withNamespace(String name) {
        return new Options(
                tests,
                name,
                image,
                pullPolicy,
                timeLimit,
                settle,
                confirmations,
                gatewayDouble,
                host,
                path,
                tokens,
                auditLog,
                marker);
    }

    /** The same, with that image for probe pods. */
    public Options withImage(String name, String policy) {
        return new Options(
                tests,
                namespace,
                name,
                policy,
                timeLimit,
                settle,
                confirmations,
                gatewayDouble,
                host,
                path,
                tokens,
                auditLog,
                marker);
    }

    /** The same, with other times. */
    public Options withTimes(Duration limit, Duration settling, int equalAnswers) {
        return new Options(
                tests,
                namespace,
                image,
                pullPolicy,
                limit,
                settling,
                equalAnswers,
                gatewayDouble,
                host,
                path,
                tokens,
                auditLog,
                marker);
    }

    /** The same, without pods that wear the gateway's labels. */
    public Options withoutGatewayDouble() {
        return new Options(
                tests,
                namespace,
                image,
                pullPolicy,
                timeLimit,
                settle,
                confirmations,
                false,
                host,
                path,
                tokens,
                auditLog,
                marker);
    }

    /** The same, with that legitimate request. */
    public Options withRequest(Optional<String> virtualHost, String requestPath, Tokens requestTokens) {
        return new Options(
                tests,
                namespace,
                image,
                pullPolicy,
                timeLimit,
                settle,
                confirmations,
                gatewayDouble,
                virtualHost,
                requestPath,
                requestTokens,
                auditLog,
                marker);
    }

    /** The same, reading audit events from that file. */
    public Options withAuditLog(Path file) {
        return new Options(
                tests,
                namespace,
                image,
                pullPolicy,
                timeLimit,
                settle,
                confirmations,
                gatewayDouble,
                host,
                path,
                tokens,
                Optional.of(file),
                marker);
    }

    /** The same, under that marker: up to 20 lower case letters and digits. */
    public Options withMarker(String text) {
        return new Options(
                tests,
                namespace,
                image,
                pullPolicy,
                timeLimit,
                settle,
                confirmations,
                gatewayDouble,
                host,
                path,
                tokens,
                auditLog,
                Optional.of(text));
    }
}
