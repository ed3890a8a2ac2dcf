package io.zta.istio;

import io.zta.Posture;
import io.zta.compile.Compiled;
import io.zta.compile.Extra;
import io.zta.compile.Layer;
import io.zta.finding.Claim;
import io.zta.finding.ClaimResult;
import io.zta.finding.Finding;
import io.zta.intent.Intent;
import io.zta.intent.LayerName;
import io.zta.snapshot.Snapshot;
import java.util.List;

/** The mesh layer: mTLS, identities, tokens, and the rule that keeps sidecars whole. */
public final class MeshLayer implements Layer {
    @Override
    public LayerName name() {
        return LayerName.MESH;
    }

    @Override
    public List<Compiled> compile(Posture posture) {
        return MeshObjects.of(posture);
    }

    @Override
    public List<ClaimResult> examine(Posture posture, Snapshot snapshot) {
        return new MeshExamination(posture, snapshot).results();
    }

    @Override
    public List<ClaimResult> examine(Posture posture, Snapshot snapshot, Claim claim) {
        boolean ours = claim == Claim.PLAINTEXT || claim == Claim.IDENTITY || claim == Claim.TAMPER;
        return ours ? Layer.super.examine(posture, snapshot, claim) : List.of();
    }

    @Override
    public List<Finding> notes(Posture posture, Snapshot snapshot) {
        return new MeshNotes(posture, snapshot).all();
    }

    /** Access logs of the sidecars of protected namespaces: who asked, under which identity, and what came of it. */
    @Override
    public List<Extra> extras(Posture posture) {
        if (!posture.asks(Intent.Audit.class)) {
            return List.of();
        }
        StringBuilder text =
                new StringBuilder("# Access logs of " + posture + ", on standard output of each istio-proxy.\n");
        for (String namespace : posture.namespaces()) {
            text.append("""
                    ---
                    apiVersion: telemetry.istio.io/v1
                    kind: Telemetry
                    metadata:
                      name: zta-access-log
                      namespace: %s
                    spec:
                      accessLogging:
                      - providers:
                        - name: envoy
                    """.formatted(namespace));
        }
        return List.of(new Extra("telemetry.yaml", text.toString()));
    }
}
