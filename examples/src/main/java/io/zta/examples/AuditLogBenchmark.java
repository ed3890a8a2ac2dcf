package io.zta.examples;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import io.zta.rbac.audit.AuditLog;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Reading an audit log of 64 MB for attempts, beside the JSON parser's own pace on the same bytes. One thread. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(value = 1, jvmArgs = "-Xmx1g")
@Warmup(iterations = 5)
@Measurement(iterations = 9)
public class AuditLogBenchmark {
    private static final int SIZE = 64_000_000;

    /** One line in so many is an attempt. */
    @Param({"20", "1"})
    public int oneAttemptIn;

    private byte[] log = new byte[0];

    /** Makes the log. */
    @Setup
    public void setUp() {
        StringBuilder text = new StringBuilder(SIZE + 2_000);
        for (int i = 0; text.length() < SIZE; i++) {
            boolean attempt = i % oneAttemptIn == 0;
            String resource = attempt
                    ? "\"resource\":\"pods\",\"namespace\":\"shop\",\"name\":\"web-" + i
                            + "\",\"apiVersion\":\"v1\",\"subresource\":\"exec\""
                    : "\"resource\":\"leases\",\"namespace\":\"kube-system\",\"name\":\"l\",\"apiGroup\":"
                            + "\"coordination.k8s.io\",\"apiVersion\":\"v1\"";
            text.append("{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\",\"level\":\"Metadata\",\"auditID\":\"")
                    .append("6bfa7dc5-70fd-4976-84a7-")
                    .append(100_000_000_000L + i)
                    .append("\",\"stage\":\"ResponseComplete\",\"requestURI\":\"/api/v1/namespaces/shop/pods/web-")
                    .append(i)
                    .append(attempt ? "/exec?command=sh" : "")
                    .append("\",\"verb\":\"")
                    .append(attempt ? "create" : "update")
                    .append("\",\"user\":{\"username\":\"u")
                    .append(i % 100)
                    .append("\",\"groups\":[\"developers\",\"system:authenticated\"]},\"sourceIPs\":[\"10.0.0.1\"],")
                    .append("\"userAgent\":\"kubectl/v1.35.0\",\"objectRef\":{")
                    .append(resource)
                    .append("},\"responseStatus\":{\"metadata\":{},\"code\":403},\"requestReceivedTimestamp\":")
                    .append("\"2026-01-01T00:00:00.000000Z\",\"stageTimestamp\":\"2026-01-01T00:00:00.000000Z\",")
                    .append("\"annotations\":{\"authorization.k8s.io/decision\":\"forbid\",")
                    .append("\"authorization.k8s.io/reason\":\"\"}}\n");
        }
        log = text.toString().getBytes(StandardCharsets.UTF_8);
    }

    /** What {@code zta audit} does with it. */
    @Benchmark
    public long attempts() throws IOException {
        long[] count = {0};
        AuditLog.read(new ByteArrayInputStream(log), attempt -> count[0]++);
        return count[0];
    }

    /** Every token of it, and nothing done with any. */
    @Benchmark
    public long parserAlone() throws IOException {
        long tokens = 0;
        try (JsonParser parser = new JsonFactory().createParser(new ByteArrayInputStream(log))) {
            while (parser.nextToken() != null) {
                tokens++;
            }
        }
        return tokens;
    }
}
