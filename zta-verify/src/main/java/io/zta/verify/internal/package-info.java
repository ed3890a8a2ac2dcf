/** What several packages of this module share; no part of the API. */
@NullMarked
package io.zta.verify.internal;

import org.jspecify.annotations.NullMarked;
