package io.zta.verify.apply;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** All gates, in the order of their ids. */
final class Gates {
    private static final List<Gate> ALL = all();

    private Gates() {}

    private static List<Gate> all() {
        List<Gate> gates = new ArrayList<>();
        gates.addAll(NetworkGates.all());
        gates.addAll(MeshGates.all());
        gates.addAll(AdmissionGates.all());
        gates.addAll(EntryGates.all());
        gates.addAll(WriteGates.all());
        gates.sort(Comparator.comparing(Gate::id));
        return List.copyOf(gates);
    }

    static List<Gate> list() {
        return ALL;
    }

    static List<GateResult> evaluate(GateContext context) {
        return ALL.stream().map(gate -> gate.evaluate(context)).toList();
    }
}
