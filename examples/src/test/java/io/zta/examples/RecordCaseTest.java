package io.zta.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.zta.Posture;
import io.zta.ZeroTrust;
import io.zta.compile.Extra;
import io.zta.compile.Manifests;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Snapshot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The bundled case is what it says it is. */
class RecordCaseTest {
    private static final Path CASE = Path.of("record");
    private static final Posture POSTURE = Posture.read(CASE.resolve("posture.yaml"));

    @Test
    void the_posture_is_the_line_of_dsl() {
        assertThat(POSTURE)
                .isEqualTo(ZeroTrust.namespace("default")
                        .denyDirectAccess()
                        .strictMtls()
                        .noExecFor("developers")
                        .audit());
    }

    @Test
    void every_directory_is_read_without_damage() {
        for (String name : List.of("phase-0", "record-manifests", "posture")) {
            Snapshot snapshot = Snapshot.of(CASE.resolve(name));
            assertThat(snapshot.damages()).as(name).isEmpty();
            assertThat(snapshot.resources(GroupKind.POD)).as(name).hasSizeGreaterThan(10);
        }
    }

    @Test
    void the_posture_directory_holds_what_the_posture_compiles_to() throws IOException {
        StringBuilder rendered =
                new StringBuilder("# Rendered of posture.yaml; the namespace's labels are in namespaces.yaml.\n");
        Snapshot snapshot = Snapshot.of(CASE.resolve("posture"));
        for (HasMetadata object : POSTURE.manifests().objects()) {
            if (object.getKind().equals("Namespace")) { // applied onto the one that is there
                assertThat(snapshot.find(
                                        GroupKind.NAMESPACE,
                                        "",
                                        object.getMetadata().getName())
                                .orElseThrow()
                                .labels())
                        .containsAllEntriesOf(object.getMetadata().getLabels());
            } else {
                rendered.append("---\n").append(Manifests.yaml(object));
            }
        }
        golden("posture/zta.yaml", rendered.toString());
        Extra policy = POSTURE.manifests().extra("audit-policy.yaml").orElse(null);
        if (policy != null) {
            golden("posture/audit-policy.yaml", policy.content());
        }
        assertThat(Boolean.getBoolean("golden.update"))
                .as("an update is no check")
                .isFalse();
    }

    private static void golden(String name, String rendered) throws IOException {
        Path file = CASE.resolve(name);
        if (Boolean.getBoolean("golden.update")) {
            Files.writeString(file, rendered);
        }
        assertThat(Files.readString(file))
                .as(name + ": run with -Dgolden.update to write it anew")
                .isEqualTo(rendered);
    }

    @Test
    void the_cluster_is_the_same_in_all_three() throws IOException {
        for (String name : List.of("tools.yaml", "istio-system.yaml", "kube-system.yaml", "rbac.yaml")) {
            byte[] before = Files.readAllBytes(CASE.resolve("phase-0").resolve(name));
            assertThat(Files.readAllBytes(CASE.resolve("record-manifests").resolve(name)))
                    .isEqualTo(before);
            assertThat(Files.readAllBytes(CASE.resolve("posture").resolve(name)))
                    .isEqualTo(before);
        }
    }

    @Test
    void no_secret_shows_its_content() {
        for (String name : List.of("phase-0", "record-manifests", "posture")) {
            assertThat(Snapshot.of(CASE.resolve(name)).resources(GroupKind.SECRET))
                    .allSatisfy(secret -> {
                        assertThat(secret.tree().get("data").isAbsent()).isTrue();
                        assertThat(secret.tree().get("stringData").isAbsent()).isTrue();
                    });
        }
    }
}
