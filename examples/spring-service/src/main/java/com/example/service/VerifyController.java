package com.example.service;

import io.zta.Posture;
import io.zta.intent.PostureException;
import io.zta.snapshot.Snapshot;
import io.zta.verify.Report;
import io.zta.verify.Verifier;
import io.zta.verify.render.Dossier;
import io.zta.verify.render.Format;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;

/**
 * {@code POST /verify} takes a posture and manifests, and answers with the report: 200 where all is proven, 422 where a
 * claim is violated or unknown. Nothing of what is sent is kept.
 */
@RestController
class VerifyController {
    /** What is sent: both as YAML. */
    record Question(String posture, String manifests) {}

    @PostMapping(path = "/verify", produces = MediaType.APPLICATION_JSON_VALUE)
    ResponseEntity<String> verify(@RequestBody Question question) {
        Posture posture = Posture.parse("posture", question.posture());
        Report report = Verifier.verify(posture, Snapshot.ofText("manifests", question.manifests()));
        HttpStatus status =
                report.outcome() == Report.Outcome.PROVEN ? HttpStatus.OK : HttpStatus.UNPROCESSABLE_ENTITY;
        return ResponseEntity.status(status).body(Format.JSON.render(Dossier.of(report)));
    }

    @ExceptionHandler
    ResponseEntity<String> refused(PostureException problem) {
        return ResponseEntity.badRequest().contentType(MediaType.TEXT_PLAIN).body(problem.getMessage());
    }
}
