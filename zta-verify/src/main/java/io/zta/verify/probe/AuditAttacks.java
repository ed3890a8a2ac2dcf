package io.zta.verify.probe;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Attempts to get in without a trace: each gets through where the API server's log does not hold it. */
final class AuditAttacks {
    private static final Duration WAIT = Duration.ofSeconds(10);
    private final Attacker attacker;
    private final Optional<AuditLog> log;

    private AuditAttacks(Attacker attacker, Optional<AuditLog> log) {
        this.attacker = attacker;
        this.log = log;
    }

    static List<Attack> of(Attacker attacker, Optional<AuditLog> log) {
        AuditAttacks audit = new AuditAttacks(attacker, log);
        return List.of(
                Attack.request(
                        "AUD-blind",
                        "attach, unseen",
                        Attacker.EDIT,
                        () -> audit.unseen("POST", "/attach?stdout=true&container=app&zta=")),
                Attack.request(
                        "AUD-verb",
                        "exec by GET, unseen",
                        Attacker.EDIT,
                        () -> audit.unseen("GET", "/exec?stdout=true&container=app&command=")));
    }

    private boolean unseen(String method, String path) throws Exception {
        if (log.isEmpty()) {
            throw new Attack.NotHere("the audit policy is a file of the API server's, which applying objects does not"
                    + " change; `probe --test 5` tells whether attempts are recorded");
        }
        Optional<String> unreadable = log.get().unreadable();
        if (unreadable.isPresent()) {
            throw new IllegalStateException(unreadable.get());
        }
        String marker = "zta-unseen-" + attacker.arena.run + "-" + Long.toString(System.nanoTime(), 36);
        attacker.passes(method, path + marker);
        boolean seen = !log.get().lines(marker, WAIT, lines -> !lines.isEmpty()).isEmpty();
        if (!seen && log.get().quiet()) {
            throw new IllegalStateException(log.get().name() + " holds no event at all");
        }
        return !seen;
    }
}
