package io.zta;

import io.zta.compile.Manifests;
import io.zta.intent.Gateway;
import io.zta.intent.Intent;
import io.zta.intent.Phase;
import io.zta.intent.Port;
import io.zta.intent.Subject;
import io.zta.intent.TokenIssuer;
import io.zta.intent.Workload;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Writes the YAML form of a posture: what {@link PostureReader} reads. */
final class PostureWriter {
    private static final Map<String, Object> DEFAULTS = Map.of();

    private PostureWriter() {}

    static String yaml(Posture posture) {
        return Manifests.yaml(document(posture));
    }

    static Map<String, Object> document(Posture posture) {
        Map<String, Object> metadata = new LinkedHashMap<>();
        metadata.put("name", posture.name());
        metadata.put("namespace", posture.namespaces().get(0));
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("apiVersion", PostureReader.API_VERSION);
        document.put("kind", PostureReader.TYPE.kind());
        document.put("metadata", metadata);
        document.put("spec", spec(posture));
        return document;
    }

    private static Map<String, Object> spec(Posture posture) {
        Map<String, Object> spec = new LinkedHashMap<>();
        if (posture.namespaces().size() > 1) {
            spec.put("namespaces", posture.namespaces());
        }
        Map<String, Object> scope = scope(posture);
        if (posture.asks(Intent.DenyDirectAccess.class)) {
            spec.put("denyDirectAccess", scope);
        } else {
            spec.putAll(scope);
        }
        List<Object> allow = new ArrayList<>();
        List<Object> allowTo = new ArrayList<>();
        List<Object> glass = new ArrayList<>();
        for (Intent intent : posture.intents()) {
            if (intent instanceof Intent.Allow entry) {
                allow.add(allow(entry));
            } else if (intent instanceof Intent.AllowTo entry) {
                allowTo.add(ported("to", workload(entry.to()), entry.ports()));
            } else if (intent instanceof Intent.AllowToAddresses entry) {
                allowTo.add(ported("addresses", entry.cidr(), entry.ports()));
            } else if (intent instanceof Intent.BreakGlass entry) {
                Map<String, Object> map = new LinkedHashMap<>();
                map.put("subject", subject(entry.subject()));
                map.put("longest", duration(entry.longest()));
                if (!entry.approvers().isEmpty()) {
                    map.put("approvers", subjects(entry.approvers()));
                }
                glass.add(map);
            }
        }
        putUnlessEmpty(spec, "allow", allow);
        if (posture.asks(Intent.DenyEgress.class)) {
            spec.put("denyEgress", allowTo.isEmpty() ? DEFAULTS : Map.of("allow", allowTo));
        }
        flag(spec, "strictMtls", posture.asks(Intent.StrictMtls.class));
        flag(spec, "permissiveMtls", posture.asks(Intent.PermissiveMtls.class));
        posture.intent(Intent.RequireToken.class).ifPresent(token -> spec.put("requireJwt", token(token.issuer())));
        posture.intent(Intent.ExternalAuthorizer.class).ifPresent(a -> spec.put("authorizedBy", a.provider()));
        posture.intent(Intent.EnforcePodSecurity.class)
                .ifPresent(security -> spec.put("podSecurity", security.level().key()));
        putUnlessEmpty(spec, "noExecFor", subjects(posture.noExec()));
        putUnlessEmpty(spec, "keepExecFor", subjects(posture.keepExec()));
        flag(spec, "denyByNameOnly", posture.asks(Intent.DenyEntryByName.class));
        posture.intent(Intent.Admission.class)
                .ifPresent(admission ->
                        spec.put("admission", admission.enforcement().key()));
        if (!posture.guarded()) {
            spec.put("guard", false);
        } else if (!posture.appliers().isEmpty()) {
            spec.put("guard", Map.of("appliedBy", subjects(posture.appliers())));
        }
        flag(spec, "audit", posture.asks(Intent.Audit.class));
        putUnlessEmpty(spec, "breakGlass", glass);
        if (posture.phase() != Phase.AUDIT) {
            spec.put("phase", posture.phase().key());
        }
        if (posture.asks(Intent.RepairDrift.class)) {
            spec.put("drift", "repair");
        }
        return spec;
    }

    private static Map<String, Object> scope(Posture posture) {
        Map<String, Object> scope = new LinkedHashMap<>();
        posture.intent(Intent.Protect.class)
                .ifPresent(protect -> scope.put("workloads", protect.workload().labels()));
        posture.intent(Intent.OnPorts.class).ifPresent(ports -> scope.put("ports", ports(ports.ports())));
        posture.intent(Intent.Through.class)
                .ifPresent(through -> scope.put(
                        "gateway",
                        through.gateway().<Object>map(PostureWriter::gateway).orElse("none")));
        return scope;
    }

    private static Map<String, Object> gateway(Gateway gateway) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("kind", gateway.kind().key());
        map.put("namespace", gateway.namespace());
        map.put("name", gateway.name());
        switch (gateway.kind()) {
            case ISTIO, HELM -> {}
            case GATEWAY_API ->
                map.put(
                        "class",
                        gateway.serviceAccount().substring(gateway.name().length() + 1));
            case CUSTOM -> {
                map.put("labels", gateway.labels());
                map.put("serviceAccount", gateway.serviceAccount());
            }
        }
        return map;
    }

    private static Map<String, Object> allow(Intent.Allow allow) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("from", workload(allow.from()));
        if (!allow.to().equals(Workload.all())) {
            map.put("to", workload(allow.to()));
        }
        putUnlessEmpty(map, "ports", ports(allow.ports()));
        return map;
    }

    private static Map<String, Object> ported(String key, Object value, List<Port> ports) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put(key, value);
        putUnlessEmpty(map, "ports", ports(ports));
        return map;
    }

    private static Map<String, Object> workload(Workload workload) {
        Map<String, Object> map = new LinkedHashMap<>();
        workload.namespace().ifPresent(name -> map.put("namespace", name));
        if (!workload.labels().isEmpty()) {
            map.put("labels", workload.labels());
        }
        workload.serviceAccount().ifPresent(name -> map.put("serviceAccount", name));
        return map;
    }

    private static List<Object> ports(List<Port> ports) {
        List<Object> list = new ArrayList<>();
        for (Port port : ports) {
            if (port.protocol() == Port.Protocol.TCP && port.first() == port.last()) {
                list.add(port.first());
                continue;
            }
            Map<String, Object> map = new LinkedHashMap<>();
            map.put("port", port.first());
            if (port.last() != port.first()) {
                map.put("endPort", port.last());
            }
            if (port.protocol() != Port.Protocol.TCP) {
                map.put("protocol", port.protocol().name());
            }
            list.add(map);
        }
        return list;
    }

    private static Map<String, Object> token(TokenIssuer issuer) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("issuer", issuer.issuer());
        issuer.jwksUri().ifPresent(uri -> map.put("jwksUri", uri));
        issuer.jwks().ifPresent(keys -> map.put("jwks", keys));
        if (!issuer.audiences().isEmpty()) {
            map.put("audiences", issuer.audiences());
        }
        return map;
    }

    private static List<Object> subjects(List<Subject> subjects) {
        return subjects.stream().<Object>map(PostureWriter::subject).toList();
    }

    private static Map<String, Object> subject(Subject subject) {
        return switch (subject.kind()) {
            case GROUP -> Map.of("group", subject.name());
            case USER -> Map.of("user", subject.name());
            case SERVICE_ACCOUNT -> Map.of("serviceAccount", subject.namespace() + "/" + subject.name());
        };
    }

    private static String duration(Duration duration) {
        return duration.toString().substring(2).toLowerCase(Locale.ROOT);
    }

    private static void flag(Map<String, Object> spec, String key, boolean asked) {
        if (asked) {
            spec.put(key, DEFAULTS);
        }
    }

    private static void putUnlessEmpty(Map<String, Object> map, String key, List<Object> list) {
        if (!list.isEmpty()) {
            map.put(key, list);
        }
    }
}
