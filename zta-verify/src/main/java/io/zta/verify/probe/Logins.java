package io.zta.verify.probe;

import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.authentication.SelfSubjectReviewBuilder;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequestBuilder;
import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequestConditionBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Clients of the API server and of kubelets under identities other than the administrator's. */
final class Logins implements AutoCloseable {
    private final KubernetesClient admin;
    private final List<KubernetesClient> clients = new ArrayList<>();

    Logins(KubernetesClient admin) {
        this.admin = admin;
    }

    static String token(String in, String account, KubernetesClient by) {
        return by.serviceAccounts()
                .inNamespace(in)
                .withName(account)
                .tokenRequest(new TokenRequestBuilder()
                        .withNewSpec()
                        .withExpirationSeconds(3600L)
                        .endSpec()
                        .build())
                .getStatus()
                .getToken();
    }

    /** A client with that token. */
    KubernetesClient withToken(String token, String as) {
        Config own = admin.getConfiguration();
        ConfigBuilder config = new ConfigBuilder(Config.empty())
                .withMasterUrl(own.getMasterUrl())
                .withCaCertData(own.getCaCertData())
                .withCaCertFile(own.getCaCertFile())
                .withTrustCerts(own.isTrustCerts())
                .withOauthToken(token);
        if (!as.isEmpty()) {
            config = config.withImpersonateUsername(as);
        }
        return kept(new KubernetesClientBuilder().withConfig(config.build()).build());
    }

    private KubernetesClient kept(KubernetesClient client) {
        synchronized (clients) {
            clients.add(client);
        }
        return client;
    }

    /** A client of a node's kubelet with a token; its certificate is the kubelet's own. */
    KubernetesClient kubelet(String address, String token) {
        Config config = new ConfigBuilder(Config.empty())
                .withMasterUrl("https://" + address + ":10250")
                .withTrustCerts(true)
                .withDisableHostnameVerification(true)
                .withConnectionTimeout(5000)
                .withRequestTimeout(5000)
                .withRequestRetryBackoffLimit(0)
                .withOauthToken(token)
                .build();
        return kept(new KubernetesClientBuilder().withConfig(config).build());
    }

    /** A client with a certificate that the attacker asked for and approved; empty where that was refused. */
    Optional<KubernetesClient> signed(KubernetesClient attacker, ClientCertificate asked, List<OwnerReference> owner) {
        String name = asked.name() + "-" + Long.toString(System.nanoTime(), 36);
        var requests = attacker.certificates().v1().certificateSigningRequests();
        boolean approved = Attacker.does(() -> {
            attacker.resource(new CertificateSigningRequestBuilder()
                            .withNewMetadata()
                            .withName(name)
                            .withOwnerReferences(owner)
                            .endMetadata()
                            .withNewSpec()
                            .withSignerName("kubernetes.io/kube-apiserver-client")
                            .withExpirationSeconds(600)
                            .withUsages("client auth")
                            .withRequest(ClientCertificate.base64(asked.request()))
                            .endSpec()
                            .build())
                    .create();
            requests.withName(name)
                    .approve(new CertificateSigningRequestConditionBuilder()
                            .withType("Approved")
                            .withStatus("True")
                            .withReason("RedTeam")
                            .build());
        });
        try {
            if (!approved) {
                return Optional.empty();
            }
            if (!Arena.within(
                    Duration.ofSeconds(15),
                    () -> requests.withName(name).get().getStatus().getCertificate() != null)) {
                throw new IllegalStateException("it was approved, and no controller signed it");
            }
            Config own = admin.getConfiguration();
            return Optional.of(kept(new KubernetesClientBuilder()
                    .withConfig(new ConfigBuilder(Config.empty())
                            .withMasterUrl(own.getMasterUrl())
                            .withCaCertData(own.getCaCertData())
                            .withCaCertFile(own.getCaCertFile())
                            .withTrustCerts(own.isTrustCerts())
                            .withClientCertData(
                                    requests.withName(name).get().getStatus().getCertificate())
                            .withClientKeyData(ClientCertificate.base64(asked.key()))
                            .build())
                    .build()));
        } finally {
            admin.certificates()
                    .v1()
                    .certificateSigningRequests()
                    .withName(name)
                    .delete();
        }
    }

    /** Who the API server takes a client for. */
    static String self(KubernetesClient client) {
        return client.resource(new SelfSubjectReviewBuilder().build())
                .create()
                .getStatus()
                .getUserInfo()
                .getUsername();
    }

    @Override
    public void close() {
        synchronized (clients) {
            clients.forEach(KubernetesClient::close);
        }
    }
}
