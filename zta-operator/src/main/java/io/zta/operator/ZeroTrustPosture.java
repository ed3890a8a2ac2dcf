package io.zta.operator;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Kind;
import io.fabric8.kubernetes.model.annotation.Plural;
import io.fabric8.kubernetes.model.annotation.Version;

/**
 * A posture as an object of the cluster. Its {@code spec} is kept as written and read by {@link io.zta.Posture#parse}, so
 * that the operator and the command refuse the same mistakes in the same words.
 */
@Group("zta.io")
@Version("v1alpha1")
@Kind("ZeroTrustPosture")
@Plural("zerotrustpostures")
public class ZeroTrustPosture extends CustomResource<JsonNode, PostureStatus> implements Namespaced {
    private static final long serialVersionUID = 1L;
}
