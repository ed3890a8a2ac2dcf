package io.zta.verify.apply;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The table of gates in the documentation is the code's own. */
class GatesPageTest {
    @Test
    void the_page_lists_every_gate_as_the_code_words_it_and_no_other() throws Exception {
        List<String> rows = Files.readAllLines(Path.of("../docs/apply.md")).stream()
                .filter(line -> line.startsWith("| APPLY-"))
                .toList();
        assertThat(rows)
                .containsExactlyElementsOf(Gates.list().stream()
                        .map(gate -> "| " + gate.id() + " | " + gate.title() + " | " + gate.answer() + " |")
                        .toList());
    }
}
