package io.zta;

import io.zta.intent.Intent;
import io.zta.intent.PostureException;
import io.zta.intent.Subject;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/** Which intents can't be had together. Checked in the call that adds the later one. */
final class Contradictions {
    /** Intents of which a posture has one at most. */
    private static final Set<Class<? extends Intent>> SINGLE = Set.of(
            Intent.Protect.class,
            Intent.OnPorts.class,
            Intent.Through.class,
            Intent.EnforcePodSecurity.class,
            Intent.RequireToken.class,
            Intent.ExternalAuthorizer.class,
            Intent.Admission.class);

    /** Intents that exclude each other. */
    private static final Map<Class<? extends Intent>, List<Class<? extends Intent>>> EXCLUDED = Map.of(
            Intent.StrictMtls.class, List.of(Intent.PermissiveMtls.class),
            Intent.PermissiveMtls.class, List.of(Intent.StrictMtls.class, Intent.RequireToken.class),
            Intent.RequireToken.class, List.of(Intent.PermissiveMtls.class),
            Intent.Applier.class, List.of(Intent.Unguarded.class),
            Intent.Unguarded.class, List.of(Intent.Applier.class));

    private static final Pattern CIDR = Pattern.compile("[0-9a-fA-F:.]+/[0-9]{1,3}");

    private Contradictions() {}

    static void check(Posture posture, Intent added) {
        String where = " for namespace \"" + String.join(", ", posture.namespaces()) + "\"";
        for (Intent earlier : posture.intents()) {
            if (contradicts(earlier, added)) {
                throw new PostureException(
                        added.call() + " contradicts " + earlier.call() + " set earlier" + where + ". Leave one out.");
            }
        }
        if (added instanceof Intent.NoExec noExec) {
            refuseSystem(noExec.subject(), added.call());
        }
        if (added instanceof Intent.OnPorts ports && ports.ports().isEmpty()) {
            throw new PostureException("onPorts() needs at least one port" + where + ".");
        }
        if (added instanceof Intent.AllowToAddresses addresses
                && !CIDR.matcher(addresses.cidr()).matches()) {
            throw new PostureException("allowToAddresses(\"" + addresses.cidr()
                    + "\") needs a range in CIDR notation, such as 203.0.113.0/24" + where + ".");
        }
        if (added instanceof Intent.BreakGlass glass
                && (glass.longest().isNegative() || glass.longest().isZero())) {
            throw new PostureException(added.call() + " needs a positive longest duration" + where + ".");
        }
    }

    private static boolean contradicts(Intent earlier, Intent added) {
        boolean excluded = EXCLUDED.getOrDefault(added.getClass(), List.of()).contains(earlier.getClass());
        boolean second = earlier.getClass() == added.getClass() && SINGLE.contains(added.getClass());
        return excluded || second || sameSubject(earlier, added);
    }

    private static boolean sameSubject(Intent earlier, Intent added) {
        return earlier instanceof Intent.NoExec no
                        && added instanceof Intent.KeepEntry keep
                        && no.subject().equals(keep.subject())
                || earlier instanceof Intent.KeepEntry kept
                        && added instanceof Intent.NoExec denied
                        && kept.subject().equals(denied.subject());
    }

    /** Denying the control plane its ways breaks the cluster, and denying everybody locks out the applier. */
    private static void refuseSystem(Subject subject, String call) {
        if (subject.name().startsWith("system:")) {
            throw new PostureException(call + " would bind the control plane: subjects that start with \"system:\" are"
                    + " refused. Name a group of people or a service account.");
        }
    }
}
