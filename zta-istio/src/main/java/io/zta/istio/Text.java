package io.zta.istio;

import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Node;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import java.util.List;
import java.util.Optional;

/** YAML or JSON that stands as text inside another object, such as a ConfigMap's value. */
final class Text {
    private static final GroupKind TYPE = GroupKind.of("zta.io/v1", "Embedded");

    private Text() {}

    /** The tree of the text; empty where it can't be read. */
    static Optional<Node> tree(String text) {
        if (text.isBlank()) {
            return Optional.of(Node.missing());
        }
        String indented = "  " + text.stripTrailing().replace("\n", "\n  ");
        Snapshot read = Snapshot.ofText("embedded", "apiVersion: zta.io/v1\nkind: Embedded\ncontent:\n" + indented);
        List<Resource> found = read.resources(TYPE);
        return read.damages().isEmpty() && found.size() == 1
                ? Optional.of(found.get(0).tree().get("content"))
                : Optional.empty();
    }
}
