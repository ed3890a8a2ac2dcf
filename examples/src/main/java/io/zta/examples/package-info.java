/** Runnable stories, each with a test whose output the documentation shows, and the benchmarks. */
@NullMarked
package io.zta.examples;

import org.jspecify.annotations.NullMarked;
