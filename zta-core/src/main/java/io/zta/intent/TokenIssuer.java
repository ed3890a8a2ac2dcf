package io.zta.intent;

import java.util.List;
import java.util.Optional;

/**
 * Who issues the tokens a posture requires. Immutable.
 *
 * @param issuer the {@code iss} claim
 * @param jwksUri where its keys are; one of this and {@code jwks}, or neither for OpenID discovery
 * @param jwks its keys, a JSON Web Key Set as text
 * @param audiences accepted {@code aud} claims; empty for any
 */
public record TokenIssuer(String issuer, Optional<String> jwksUri, Optional<String> jwks, List<String> audiences) {
    public TokenIssuer {
        audiences = List.copyOf(audiences);
        if (issuer.isBlank()) {
            throw new PostureException("A token issuer needs a name, as in the token's \"iss\" claim.");
        }
        if (jwksUri.isPresent() && jwks.isPresent()) {
            throw new PostureException("The token issuer " + issuer
                    + " has both jwksUri and inline jwks; Istio takes one of them. Leave one out.");
        }
    }

    /** An issuer whose keys are found by OpenID discovery. */
    public static TokenIssuer of(String issuer) {
        return new TokenIssuer(issuer, Optional.empty(), Optional.empty(), List.of());
    }

    /** The same, with keys at that address. */
    public TokenIssuer keysAt(String uri) {
        return new TokenIssuer(issuer, Optional.of(uri), jwks, audiences);
    }

    /** The same, with these keys. */
    public TokenIssuer keys(String jsonWebKeySet) {
        return new TokenIssuer(issuer, jwksUri, Optional.of(jsonWebKeySet), audiences);
    }

    /** The same, for these audiences only. */
    public TokenIssuer forAudiences(String... names) {
        return new TokenIssuer(issuer, jwksUri, jwks, List.of(names));
    }
}
