package io.zta.verify.probe;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.util.Base64;
import javax.security.auth.x500.X500Principal;

/**
 * A key pair and the request (PKCS #10, RFC 2986) to have it certified under a name of the asker's choosing.
 *
 * @param name the common name, which the API server takes for the user's
 * @param request PEM
 * @param key PEM of the private key
 */
record ClientCertificate(String name, String request, String key) {
    private static final byte[] SHA256_WITH_RSA = {
        0x30, 0x0d, 0x06, 0x09, 0x2a, (byte) 0x86, 0x48, (byte) 0x86, (byte) 0xf7, 0x0d, 0x01, 0x01, 0x0b, 0x05, 0x00
    };
    private static final byte[] VERSION = {0x02, 0x01, 0x00};
    private static final byte[] NO_ATTRIBUTES = {(byte) 0xa0, 0x00};
    private static final int SEQUENCE = 0x30;
    private static final int BIT_STRING = 0x03;

    static ClientCertificate of(String name) throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(2048);
        KeyPair pair = generator.generateKeyPair();
        byte[] asked = der(
                SEQUENCE,
                VERSION,
                new X500Principal("CN=" + name).getEncoded(),
                pair.getPublic().getEncoded(),
                NO_ATTRIBUTES);
        Signature signature = Signature.getInstance("SHA256withRSA");
        signature.initSign(pair.getPrivate());
        signature.update(asked);
        byte[] request = der(SEQUENCE, asked, SHA256_WITH_RSA, der(BIT_STRING, new byte[] {0}, signature.sign()));
        return new ClientCertificate(
                name,
                pem("CERTIFICATE REQUEST", request),
                pem("PRIVATE KEY", pair.getPrivate().getEncoded()));
    }

    /** Tag, length and contents, as DER writes them. */
    private static byte[] der(int tag, byte[]... contents) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        for (byte[] part : contents) {
            body.writeBytes(part);
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(tag);
        if (body.size() < 0x80) {
            out.write(body.size());
        } else {
            out.write(0x82);
            out.write(body.size() >> 8);
            out.write(body.size());
        }
        out.writeBytes(body.toByteArray());
        return out.toByteArray();
    }

    private static String pem(String what, byte[] bytes) {
        return "-----BEGIN " + what + "-----\n"
                + Base64.getMimeEncoder(64, "\n".getBytes(StandardCharsets.US_ASCII))
                        .encodeToString(bytes) + "\n-----END " + what + "-----\n";
    }

    /** As the API and the client take it. */
    static String base64(String pem) {
        return Base64.getEncoder().encodeToString(pem.getBytes(StandardCharsets.US_ASCII));
    }
}
