package io.zta.verify.it;

import io.zta.istio.Client;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;

/** Sends single requests straight to a pod, each on a connection of its own, in plaintext or with an mTLS identity. */
final class MeshProbe {
    private static final int TIMEOUT = 4000;

    /**
     * One request.
     *
     * @param port the pod's port
     * @param client what the evaluator is told of it
     * @param bearer the token it carries; empty for none
     * @param alpn the protocol that the TLS handshake names, which is how sidecars tell each other of HTTP
     */
    record Shot(int port, Client client, Optional<String> bearer, String alpn) {
        @Override
        public String toString() {
            return client + " " + client.request().map(Client.Request::method).orElse("") + " to " + port
                    + (client.principal().isPresent() ? " by " + alpn : "");
        }
    }

    private final String ip;
    private final MeshIdentities identities;

    MeshProbe(String ip, MeshIdentities identities) {
        this.ip = ip;
        this.identities = identities;
    }

    /** The address that a pod sees of this machine; nothing is sent. */
    String address() throws IOException {
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.connect(new InetSocketAddress(InetAddress.getByName(ip), 9));
            return socket.getLocalAddress().getHostAddress();
        }
    }

    /** Every mix of identity, token, port and request. */
    static List<Shot> shots(List<String> identities, List<MeshTokens> issuers, String address)
            throws java.security.GeneralSecurityException {
        List<Client> clients = new ArrayList<>();
        clients.add(Client.plaintext());
        identities.forEach(identity -> clients.add(Client.identity(identity)));
        List<Optional<Client.Token>> tokens = new ArrayList<>();
        List<Optional<String>> bearers = new ArrayList<>();
        tokens.add(Optional.empty());
        bearers.add(Optional.empty());
        for (MeshTokens issuer : issuers) {
            String subject = tokens.size() == 1 ? "alice" : "bob";
            tokens.add(Optional.of(new Client.Token(issuer.issuer(), subject, List.of("shop"), Map.of())));
            bearers.add(Optional.of(issuer.token(subject, "shop")));
        }
        List<Client.Request> requests = List.of(
                new Client.Request("GET", "/hostname", "shop.test", Map.of("x-who", "me")),
                new Client.Request("POST", "/hostname", "shop.test", Map.of()));
        List<Shot> shots = new ArrayList<>();
        for (Client client : clients) {
            for (int i = 0; i < tokens.size(); i++) {
                for (Client.Request request : requests) {
                    Client whole =
                            new Client(client.principal(), tokens.get(i), Optional.of(address), Optional.of(request));
                    for (int port : List.of(8080, 8081, 8082)) {
                        shots.add(new Shot(port, whole, bearers.get(i), port == 8080 ? "istio-http/1.1" : "istio"));
                    }
                    if (client.principal().isPresent()) {
                        shots.add(new Shot(8082, whole, bearers.get(i), "istio-http/1.1"));
                    }
                }
            }
        }
        return shots;
    }

    /** Whether an answer is the application's. */
    static boolean letIn(String answer) {
        return answer.startsWith("200 ");
    }

    /** The status, or what ended the connection. */
    String send(Shot shot) throws IOException, GeneralSecurityException, InterruptedException {
        try (Socket plain = new Socket()) {
            plain.connect(new InetSocketAddress(ip, shot.port()), TIMEOUT);
            plain.setSoTimeout(TIMEOUT);
            if (shot.client().principal().isEmpty()) {
                return exchange(plain, shot);
            }
            try (SSLSocket secure = (SSLSocket) identities
                    .of(shot.client().principal().get())
                    .getSocketFactory()
                    .createSocket(plain, ip, shot.port(), true)) {
                SSLParameters parameters = secure.getSSLParameters();
                parameters.setApplicationProtocols(new String[] {shot.alpn()});
                secure.setSSLParameters(parameters);
                return exchange(secure, shot);
            }
        } catch (SocketTimeoutException e) {
            return "no answer in " + TIMEOUT + " ms";
        } catch (IOException e) {
            return "closed: " + e.getMessage();
        }
    }

    private static String exchange(Socket socket, Shot shot) throws IOException {
        Client.Request request = shot.client().request().orElseThrow();
        StringBuilder head = new StringBuilder();
        head.append(request.method())
                .append(' ')
                .append(request.path())
                .append(" HTTP/1.1\r\nHost: ")
                .append(request.host());
        request.headers()
                .forEach((name, value) ->
                        head.append("\r\n").append(name).append(": ").append(value));
        shot.bearer()
                .ifPresent(token -> head.append("\r\nAuthorization: Bearer ").append(token));
        head.append("\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        socket.getOutputStream().write(head.toString().getBytes(StandardCharsets.US_ASCII));
        socket.getOutputStream().flush();
        String answer = head(new BufferedInputStream(socket.getInputStream()));
        return answer.length() > 12 && answer.startsWith("HTTP/1.") ? answer.substring(9) : "closed: " + answer;
    }

    /** The head of an answer: Envoy keeps a connection that it has answered open for another second. */
    private static String head(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        int next = in.read();
        while (next >= 0) {
            head.append((char) next);
            if (next == '\n' && head.toString().endsWith("\r\n\r\n")) {
                break;
            }
            next = in.read();
        }
        return head.toString().lines().findFirst().orElse("");
    }
}
