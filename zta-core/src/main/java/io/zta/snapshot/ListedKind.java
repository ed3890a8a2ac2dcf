package io.zta.snapshot;

/**
 * A kind of a live cluster that a snapshot reads, and how to ask for it.
 *
 * @param type group and kind
 * @param apiVersion group and version that the server prefers, such as {@code apps/v1}
 * @param plural the name in paths, such as {@code deployments}
 * @param namespaced whether its objects are in namespaces
 * @param watchable whether the server lets it be watched
 */
public record ListedKind(GroupKind type, String apiVersion, String plural, boolean namespaced, boolean watchable) {
    /** The path of its collection, over all namespaces. */
    public String path() {
        return (type.group().isEmpty() ? "/api/" : "/apis/") + apiVersion + "/" + plural;
    }
}
