package io.zta.rbac;

import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * The roles and bindings that an API server of Kubernetes 1.35 creates and puts right whenever it starts. A snapshot that
 * lacks one is completed with it, which can only add grants; the completion is listed as an assumption.
 */
final class Bootstrap {
    static final String VERSION = "1.35";
    private static final String FILE = "bootstrap-roles-" + VERSION + ".json";
    private static final String LABEL = "kubernetes.io/bootstrapping";
    private static final List<GroupKind> KINDS =
            List.of(GroupKind.CLUSTER_ROLE, GroupKind.CLUSTER_ROLE_BINDING, GroupKind.ROLE, GroupKind.ROLE_BINDING);

    private Bootstrap() {}

    /** The objects that a snapshot lacks. */
    static List<Resource> missingFrom(Snapshot snapshot) {
        List<Resource> missing = new ArrayList<>();
        for (Resource resource : Shipped.OBJECTS) {
            if (snapshot.find(resource.type(), resource.namespace(), resource.name())
                    .isEmpty()) {
                missing.add(resource);
            }
        }
        return missing;
    }

    /** All of them. */
    static List<Resource> all() {
        return Shipped.OBJECTS;
    }

    /** Whether Kubernetes itself brings this object. */
    static boolean isBootstrap(Resource resource) {
        return resource.labels().getOrDefault(LABEL, "").equals("rbac-defaults");
    }

    static Optional<String> assumption(List<Resource> missing) {
        if (missing.isEmpty()) {
            return Optional.empty();
        }
        long roles = missing.stream()
                .filter(resource -> resource.type().kind().endsWith("Role"))
                .count();
        List<String> names = missing.stream()
                .filter(resource -> resource.type().equals(GroupKind.CLUSTER_ROLE))
                .map(Resource::name)
                .filter(name -> !name.startsWith("system:"))
                .toList();
        return Optional.of("Kubernetes " + VERSION + "'s own " + roles + " roles and " + (missing.size() - roles)
                + " bindings that the snapshot lacks are as the API server creates them"
                + (names.isEmpty() ? "" : " (" + String.join(", ", names) + " among them)"));
    }

    /** Read when first asked for. */
    private static final class Shipped {
        static final List<Resource> OBJECTS = read();

        private static List<Resource> read() {
            try (InputStream in = Objects.requireNonNull(Bootstrap.class.getResourceAsStream(FILE), FILE)) {
                Snapshot shipped =
                        Snapshot.ofText("kubernetes-" + FILE, new String(in.readAllBytes(), StandardCharsets.UTF_8));
                return KINDS.stream()
                        .flatMap(kind -> shipped.resources(kind).stream())
                        .toList();
            } catch (IOException e) {
                throw new UncheckedIOException("cannot read " + FILE + " of zta-rbac", e);
            }
        }
    }
}
