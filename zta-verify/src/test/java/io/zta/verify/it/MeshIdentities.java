package io.zta.verify.it;

import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedKeyManager;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * TLS contexts of any mTLS identity, signed with the key of the mesh's own certificate authority: whoever may read that
 * Secret is anybody, which is why it is in the trusted base.
 */
final class MeshIdentities {
    private static final String PASSWORD = "for-a-test";

    private final Path store;
    private final Map<String, SSLContext> contexts = new HashMap<>();

    /** Reads the authority's key with the rights of an administrator, and keeps it in that directory for the test. */
    MeshIdentities(KubernetesClient admin, Path directory) throws IOException, GeneralSecurityException {
        Secret authority = admin.secrets()
                .inNamespace("istio-system")
                .withName("istio-ca-secret")
                .get();
        store = directory.resolve("authority.p12");
        KeyStore keys = KeyStore.getInstance("PKCS12");
        keys.load(null, null);
        Certificate certificate = CertificateFactory.getInstance("X.509")
                .generateCertificate(new ByteArrayInputStream(decoded(authority, "ca-cert.pem")));
        keys.setKeyEntry(
                "authority",
                key(new String(decoded(authority, "ca-key.pem"), StandardCharsets.US_ASCII)),
                PASSWORD.toCharArray(),
                new Certificate[] {certificate});
        try (OutputStream out = Files.newOutputStream(store)) {
            keys.store(out, PASSWORD.toCharArray());
        }
    }

    private static byte[] decoded(Secret secret, String name) {
        return Base64.getDecoder().decode(secret.getData().get(name));
    }

    private static PrivateKey key(String pem) throws GeneralSecurityException {
        byte[] der = Base64.getMimeDecoder()
                .decode(pem.replaceAll("-----[A-Z ]+-----", "").strip());
        return KeyFactory.getInstance("RSA")
                .generatePrivate(new PKCS8EncodedKeySpec(pem.contains("BEGIN RSA") ? pkcs8(der) : der));
    }

    /** Wraps a bare RSA key into the form that names its algorithm (RFC 5208). */
    private static byte[] pkcs8(byte[] rsa) {
        byte[] head = {2, 1, 0, 0x30, 13, 6, 9, 0x2a, (byte) 0x86, 0x48, (byte) 0x86, (byte) 0xf7, 13, 1, 1, 1, 5, 0};
        byte[] octets = tagged(4, rsa);
        byte[] inner = new byte[head.length + octets.length];
        System.arraycopy(head, 0, inner, 0, head.length);
        System.arraycopy(octets, 0, inner, head.length, octets.length);
        return tagged(0x30, inner);
    }

    private static byte[] tagged(int tag, byte[] content) {
        byte[] out = new byte[content.length + 4];
        out[0] = (byte) tag;
        out[1] = (byte) 0x82;
        out[2] = (byte) (content.length >> 8);
        out[3] = (byte) content.length;
        System.arraycopy(content, 0, out, 4, content.length);
        return out;
    }

    /** The context of an identity {@code TRUSTDOMAIN/ns/NAMESPACE/sa/ACCOUNT}. */
    synchronized SSLContext of(String principal) throws IOException, GeneralSecurityException, InterruptedException {
        SSLContext known = contexts.get(principal);
        if (known != null) {
            return known;
        }
        String alias = "id" + contexts.size();
        Process keytool = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-alias",
                        alias,
                        "-keyalg",
                        "EC",
                        "-dname",
                        "CN=test",
                        "-ext",
                        "san=uri:spiffe://" + principal,
                        "-signer",
                        "authority",
                        "-validity",
                        "1",
                        "-startdate",
                        "-1H",
                        "-keystore",
                        store.toString(),
                        "-storepass",
                        PASSWORD))
                .redirectErrorStream(true)
                .start();
        String said = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!keytool.waitFor(30, TimeUnit.SECONDS) || keytool.exitValue() != 0) {
            throw new IOException("keytool: " + said);
        }
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store)) {
            keys.load(in, PASSWORD.toCharArray());
        }
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(new KeyManager[] {new OneKey(keys, alias)}, new TrustManager[] {new Anyone()}, new SecureRandom());
        contexts.put(principal, context);
        return context;
    }

    /** Presents one certificate, whatever the server asks for. */
    private static final class OneKey extends X509ExtendedKeyManager {
        private final X509Certificate[] chain;
        private final PrivateKey key;

        OneKey(KeyStore keys, String alias) throws GeneralSecurityException {
            Certificate[] certificates =
                    Optional.ofNullable(keys.getCertificateChain(alias)).orElse(new Certificate[0]);
            chain = java.util.Arrays.copyOf(certificates, certificates.length, X509Certificate[].class);
            key = (PrivateKey) keys.getKey(alias, PASSWORD.toCharArray());
        }

        @Override
        public String[] getClientAliases(String keyType, Principal[] issuers) {
            return new String[] {"one"};
        }

        @Override
        public String chooseClientAlias(String[] keyType, Principal[] issuers, Socket socket) {
            return "one";
        }

        @Override
        public String[] getServerAliases(String keyType, Principal[] issuers) {
            return new String[0];
        }

        @Override
        public String chooseServerAlias(String keyType, Principal[] issuers, Socket socket) {
            return "";
        }

        @Override
        public X509Certificate[] getCertificateChain(String alias) {
            return chain.clone();
        }

        @Override
        public PrivateKey getPrivateKey(String alias) {
            return key;
        }
    }

    /** Takes any server: it is the server's view of the client that is tested. */
    private static final class Anyone extends X509ExtendedTrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, javax.net.ssl.SSLEngine engine) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, javax.net.ssl.SSLEngine engine) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
