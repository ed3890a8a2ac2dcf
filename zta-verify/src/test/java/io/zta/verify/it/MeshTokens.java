package io.zta.verify.it;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.security.interfaces.RSAPublicKey;
import java.time.Instant;
import java.util.Base64;

/** A token issuer of a test: its public key as a key set, and tokens signed with it. */
final class MeshTokens {
    private final String issuer;
    private final KeyPair keys;

    MeshTokens(String issuer) throws GeneralSecurityException {
        this.issuer = issuer;
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(2048);
        keys = generator.generateKeyPair();
    }

    String issuer() {
        return issuer;
    }

    /** The key set, as {@code jwks} takes it. */
    String jwks() {
        RSAPublicKey key = (RSAPublicKey) keys.getPublic();
        return "{\"keys\":[{\"kty\":\"RSA\",\"alg\":\"RS256\",\"use\":\"sig\",\"kid\":\"k\",\"e\":\"AQAB\",\"n\":\""
                + encode(unsigned(key.getModulus().toByteArray())) + "\"}]}";
    }

    /** A token that is good for an hour. */
    String token(String subject, String audience) throws GeneralSecurityException {
        long now = Instant.now().getEpochSecond();
        String head = encode("{\"alg\":\"RS256\",\"kid\":\"k\",\"typ\":\"JWT\"}".getBytes(StandardCharsets.UTF_8));
        String body = encode(("{\"iss\":\"" + issuer + "\",\"sub\":\"" + subject + "\",\"aud\":\"" + audience
                        + "\",\"iat\":" + (now - 60) + ",\"exp\":" + (now + 3600) + "}")
                .getBytes(StandardCharsets.UTF_8));
        Signature signature = Signature.getInstance("SHA256withRSA");
        signature.initSign(keys.getPrivate());
        signature.update((head + "." + body).getBytes(StandardCharsets.US_ASCII));
        return head + "." + body + "." + encode(signature.sign());
    }

    private static byte[] unsigned(byte[] number) {
        return number[0] == 0 ? java.util.Arrays.copyOfRange(number, 1, number.length) : number;
    }

    private static String encode(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }
}
