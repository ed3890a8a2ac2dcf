package io.zta.istio;

/** Whether a condition holds, as far as it can be told. */
enum Truth {
    /** It holds. */
    YES,
    /** It holds for what the client may choose: some requests, some addresses. */
    SOME,
    /** It does not hold. */
    NO,
    /** It can't be evaluated. */
    UNKNOWN;

    static Truth of(boolean holds) {
        return holds ? YES : NO;
    }

    Truth and(Truth other) {
        if (this == NO || other == NO) {
            return NO;
        }
        if (this == UNKNOWN || other == UNKNOWN) {
            return UNKNOWN;
        }
        return this == SOME || other == SOME ? SOME : YES;
    }

    Truth or(Truth other) {
        if (this == YES || other == YES) {
            return YES;
        }
        if (this == UNKNOWN || other == UNKNOWN) {
            return UNKNOWN;
        }
        return this == SOME || other == SOME ? SOME : NO;
    }

    Truth not() {
        return switch (this) {
            case YES -> NO;
            case NO -> YES;
            case SOME -> SOME;
            case UNKNOWN -> UNKNOWN;
        };
    }
}
