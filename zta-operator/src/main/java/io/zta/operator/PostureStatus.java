package io.zta.operator;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;

/**
 * What the operator says of a posture.
 *
 * @param observedGeneration the generation of the posture that this is about
 * @param outcome {@code Proven}, {@code Violated}, {@code Unknown}, or {@code Unreadable} where the posture is at fault
 * @param message one sentence: what to look at first
 * @param claims a line for each claim
 * @param drift objects of the posture that are missing or differ, sorted; empty where the cluster holds what was compiled
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record PostureStatus(
        long observedGeneration, String outcome, String message, List<ClaimStatus> claims, List<String> drift) {
    public PostureStatus {
        claims = claims == null ? List.of() : List.copyOf(claims);
        drift = drift == null ? List.of() : List.copyOf(drift);
    }

    /**
     * The verdict on one claim.
     *
     * @param claim the id of the claim
     * @param scope what it is about
     * @param verdict {@code Proven}, {@code Violated} or {@code Unknown}
     * @param reason the first finding or doubt, empty where proven
     */
    public record ClaimStatus(String claim, String scope, String verdict, String reason) {}
}
