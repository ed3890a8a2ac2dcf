package io.zta.intent;

import java.util.Collections;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * The ingress gateway through which traffic from outside may come: where its pods are, which labels they wear, and the
 * service account that is its mTLS identity. Immutable.
 *
 * @param kind how it was installed, which decides labels and service account
 * @param namespace its namespace
 * @param name the name of the installation: of the Deployment, the Helm release, or the Gateway
 * @param labels labels of its pods
 * @param serviceAccount its service account
 */
public record Gateway(Kind kind, String namespace, String name, Map<String, String> labels, String serviceAccount) {
    /** The ways Istio installs a gateway. */
    public enum Kind {
        /** By istioctl or the legacy chart. */
        ISTIO("istio"),
        /** By the Helm chart {@code gateway}. */
        HELM("helm"),
        /** By a {@code Gateway} of gateway.networking.k8s.io. */
        GATEWAY_API("gatewayApi"),
        /** Named label by label. */
        CUSTOM("custom");

        private final String key;

        Kind(String key) {
            this.key = key;
        }

        /** The name in YAML. */
        public String key() {
            return key;
        }
    }

    public Gateway {
        Objects.requireNonNull(kind, "kind");
        labels = Collections.unmodifiableMap(new TreeMap<>(labels));
    }

    /** The gateway that istioctl installs: {@code istio-system/istio-ingressgateway}. */
    public static Gateway istio() {
        return istio("istio-system", "istio-ingressgateway");
    }

    /** A gateway of istioctl or the legacy chart; its service account is {@code NAME-service-account}. */
    public static Gateway istio(String namespace, String name) {
        return new Gateway(
                Kind.ISTIO,
                namespace,
                name,
                Map.of("app", name, "istio", withoutIstio(name)),
                name + "-service-account");
    }

    /** A gateway of the Helm chart {@code gateway}; its service account is named like the release. */
    public static Gateway helm(String namespace, String release) {
        return new Gateway(
                Kind.HELM, namespace, release, Map.of("app", release, "istio", withoutIstio(release)), release);
    }

    /** A gateway of the Gateway API; its service account is {@code NAME-CLASS}. */
    public static Gateway gatewayApi(String namespace, String name, String gatewayClass) {
        return new Gateway(
                Kind.GATEWAY_API,
                namespace,
                name,
                Map.of("gateway.networking.k8s.io/gateway-name", name),
                name + "-" + gatewayClass);
    }

    /** A gateway that none of the usual ways installed. */
    public static Gateway custom(String namespace, Map<String, String> labels, String serviceAccount) {
        return new Gateway(Kind.CUSTOM, namespace, serviceAccount, labels, serviceAccount);
    }

    private static String withoutIstio(String name) {
        return name.startsWith("istio-") ? name.substring("istio-".length()) : name;
    }

    /** {@code namespace/name}. */
    @Override
    public String toString() {
        return namespace + "/" + name;
    }
}
