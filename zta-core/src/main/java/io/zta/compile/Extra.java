package io.zta.compile;

/**
 * A file rendered on request.
 *
 * @param name a file name that says what it is, such as {@code audit-policy.yaml} or {@code falco-rules.yaml}
 * @param content the file, ending in a line break
 */
public record Extra(String name, String content) {}
