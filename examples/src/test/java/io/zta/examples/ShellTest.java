package io.zta.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** The start-up script of a JShell session, run by JShell. */
class ShellTest {
    @Test
    void a_session_verifies_explains_and_asks_who_can() throws Exception {
        Zta.Run run = Zta.run(
                Zta.ROOT,
                List.of(
                        Zta.tool("jshell"),
                        "--class-path",
                        Zta.classPath(),
                        "--feedback",
                        "silent",
                        "examples/zta.jsh",
                        "-"),
                """
                var open = cluster("examples/record/phase-0")
                show(verify(posture, open))
                explain(open, "tools/debug", "default/orders", 8080)
                show(whoCan(open, "exec", "default"))
                /exit
                """);
        assertThat(run.out())
                .contains("posture default/default", "ZTA-NET-001")
                .contains("tools/debug", "orders", "REACHES")
                .contains("developers")
                .doesNotContain("Error:", "Exception");
    }
}
