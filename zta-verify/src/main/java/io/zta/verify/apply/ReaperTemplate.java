package io.zta.verify.apply;

import io.zta.Posture;
import java.util.Locale;

/** The objects of the reaper, as YAML with places for the posture's own. */
final class ReaperTemplate {
    static final String YAML = """
            ---
            apiVersion: v1
            kind: ServiceAccount
            metadata:
              name: zta-reaper-%1$s
              namespace: %2$s
            ---
            apiVersion: v1
            kind: ConfigMap
            metadata:
              name: zta-reaper-%1$s
              namespace: %2$s
            data:
              posture.yaml: |
            %3$s---
            apiVersion: batch/v1
            kind: CronJob
            metadata:
              name: zta-reaper-%1$s
              namespace: %2$s
            spec:
              schedule: "*/%4$d * * * *"
              concurrencyPolicy: Forbid
              jobTemplate:
                spec:
                  backoffLimit: 2
                  activeDeadlineSeconds: 120
                  template:
                    spec:
                      serviceAccountName: zta-reaper-%1$s
                      restartPolicy: Never
                      securityContext:
                        runAsNonRoot: true
                        runAsUser: 65532
                        seccompProfile: {type: RuntimeDefault}
                      containers:
                      - name: reaper
                        image: "%5$s"
                        args: [breakglass, reap, --posture, /etc/zta/posture.yaml]
                        securityContext:
                          allowPrivilegeEscalation: false
                          readOnlyRootFilesystem: true
                          capabilities: {drop: [ALL]}
                        volumeMounts:
                        - {name: posture, mountPath: /etc/zta}
                      volumes:
                      - name: posture
                        configMap: {name: zta-reaper-%1$s}
            """;

    @SuppressWarnings("InlineFormatString")
    private static final String ROLE = """
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: Role
            metadata:
              name: zta-reaper
              namespace: %1$s
            rules:
            - apiGroups: [rbac.authorization.k8s.io]
              resources: [rolebindings]
              verbs: [list, delete]
            - apiGroups: [zta.io]
              resources: [postures]
              verbs: [apply]
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: RoleBinding
            metadata:
              name: zta-reaper
              namespace: %1$s
            roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: zta-reaper}
            subjects:
            - {kind: ServiceAccount, name: zta-reaper-%2$s, namespace: %3$s}
            """;

    private ReaperTemplate() {}

    @SuppressWarnings("InlineFormatString") // a manifest reads better as one block apart
    static String roles(Posture posture) {
        StringBuilder out = new StringBuilder();
        for (String namespace : posture.namespaces()) {
            out.append(String.format(Locale.ROOT, ROLE, namespace, Inventory.key(posture.id()), Inventory.NAMESPACE));
        }
        return out.toString();
    }
}
