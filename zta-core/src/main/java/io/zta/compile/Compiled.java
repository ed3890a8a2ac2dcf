package io.zta.compile;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.zta.intent.Phase;

/**
 * A compiled object and its place in the order of apply.
 *
 * @param object the object; callers get the layer's own copy and may change it
 * @param phase the phase that brings it
 * @param restricts whether it takes something away: within a phase, what allows is applied before what restricts
 */
public record Compiled(HasMetadata object, Phase phase, boolean restricts) {}
