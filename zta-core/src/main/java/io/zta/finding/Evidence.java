package io.zta.finding;

import io.zta.snapshot.Node;
import io.zta.snapshot.Origin;
import io.zta.snapshot.Resource;

/**
 * A field as it was read, quoted in a finding or on a path. Never holds the data of a Secret or a token.
 *
 * @param object {@code Kind namespace/name}
 * @param path the field, such as {@code spec.ingress[0].from[0].podSelector}; empty for the object as a whole
 * @param value the value as written, or what its absence means
 * @param origin where it stands
 */
public record Evidence(String object, String path, String value, Origin origin) {
    /** Quotes a field of an object. */
    public static Evidence of(Resource resource, String path, Node value) {
        return new Evidence(resource.display(), path, value.toString(), resource.originOf(value));
    }

    /** Quotes a field of an object with words of one's own for the value. */
    public static Evidence of(Resource resource, String path, String value) {
        return new Evidence(resource.display(), path, value, resource.origin());
    }

    /** {@code Kind ns/name: path = value}. */
    @Override
    public String toString() {
        return path.isEmpty() ? object + ": " + value : object + ": " + path + " = " + value;
    }
}
