package io.zta.istio;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Who connects, and with what: the side of a connection that a policy looks at. Immutable.
 *
 * @param principal the mTLS identity {@code TRUSTDOMAIN/ns/NAMESPACE/sa/ACCOUNT}; empty for plaintext
 * @param token the token its requests carry; empty for none
 * @param address its IP address; empty where it may have any
 * @param request the request it sends; empty where it may send any
 */
public record Client(
        Optional<String> principal, Optional<Token> token, Optional<String> address, Optional<Request> request) {
    /**
     * A token in the {@code Authorization} header, signed with a key that the mesh's RequestAuthentication for its issuer
     * names.
     *
     * @param issuer the {@code iss} claim
     * @param subject the {@code sub} claim; empty for none
     * @param audiences the {@code aud} claim
     * @param claims further claims with their values
     */
    public record Token(String issuer, String subject, List<String> audiences, Map<String, List<String>> claims) {
        public Token {
            Objects.requireNonNull(issuer, "issuer");
            audiences = List.copyOf(audiences);
            claims = Map.copyOf(claims);
        }

        /** A token of an issuer, with a subject and the given audiences. */
        public static Token of(String issuer, String... audiences) {
            return new Token(issuer, "subject", List.of(audiences), Map.of());
        }
    }

    /**
     * An HTTP request, as the sidecar sees it after path normalisation.
     *
     * @param method such as {@code GET}
     * @param path without the query
     * @param host the authority
     * @param headers by lower-case name
     */
    public record Request(String method, String path, String host, Map<String, String> headers) {
        public Request {
            Map<String, String> sorted = new TreeMap<>();
            headers.forEach((name, value) -> sorted.put(name.toLowerCase(java.util.Locale.ROOT), value));
            headers = java.util.Collections.unmodifiableMap(sorted);
        }
    }

    /** A client without mTLS. */
    public static Client plaintext() {
        return new Client(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());
    }

    /** A client with that mTLS identity, {@code TRUSTDOMAIN/ns/NAMESPACE/sa/ACCOUNT}. */
    public static Client identity(String principal) {
        return new Client(Optional.of(principal), Optional.empty(), Optional.empty(), Optional.empty());
    }

    /** The same, with a token. */
    public Client withToken(Token other) {
        return new Client(principal, Optional.of(other), address, request);
    }

    /** The same, at that address. */
    public Client at(String ip) {
        return new Client(principal, token, Optional.of(ip), request);
    }

    /** The same, sending that request and no other. */
    public Client sending(Request other) {
        return new Client(principal, token, address, Optional.of(other));
    }

    /** {@code plaintext} or {@code mTLS as IDENTITY}, with {@code and a token of ISSUER}. */
    @Override
    public String toString() {
        return principal.map(name -> "mTLS as " + name).orElse("plaintext")
                + token.map(t -> " with a token of " + t.issuer()).orElse("");
    }
}
