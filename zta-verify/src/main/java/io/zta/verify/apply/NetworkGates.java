package io.zta.verify.apply;

import java.util.List;

final class NetworkGates {
    private NetworkGates() {}

    static List<Gate> all() {
        return List.of();
    }
}
