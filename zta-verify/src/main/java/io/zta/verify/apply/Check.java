package io.zta.verify.apply;

import java.util.function.BiConsumer;

/** A gate whose look is a function. */
record Check(String id, String title, String answer, BiConsumer<GateContext, Gate.Findings> look) implements Gate {
    @Override
    public void check(GateContext context, Findings findings) {
        look.accept(context, findings);
    }
}
