package io.zta.finding;

import java.util.List;
import java.util.Objects;

/**
 * One fault with its proof.
 *
 * @param id the stable id of the kind of finding, such as {@code ZTA-NET-014}
 * @param severity how bad it is
 * @param bypass the row of the catalogue of bypasses it opens, such as {@code NET-spoof}; empty when none
 * @param object the object at fault, {@code Kind namespace/name}
 * @param title what is wrong, one clause that reads on from the object
 * @param evidence the fields that show it, the decisive one first
 * @param witness the way that is open, hop by hop; empty where the fault opens none by itself
 * @param fix what to change
 * @param rule the rule of docs/semantics.md it rests on, such as {@code NET-07}
 */
public record Finding(
        String id,
        Severity severity,
        String bypass,
        String object,
        String title,
        List<Evidence> evidence,
        List<Hop> witness,
        String fix,
        String rule) {
    public Finding {
        Objects.requireNonNull(id, "id");
        evidence = List.copyOf(evidence);
        witness = List.copyOf(witness);
    }
}
