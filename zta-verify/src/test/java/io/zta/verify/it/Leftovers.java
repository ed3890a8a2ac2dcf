package io.zta.verify.it;

import io.fabric8.kubernetes.client.KubernetesClient;

/** Removes what a test of apply leaves: its namespace, and its inventories. */
final class Leftovers {
    private Leftovers() {}

    static void remove(KubernetesClient client, String namespace) {
        client.configMaps()
                .inNamespace("zta-system")
                .withLabel("zta.io/inventory", namespace)
                .delete();
        client.namespaces().withName(namespace).delete();
    }
}
