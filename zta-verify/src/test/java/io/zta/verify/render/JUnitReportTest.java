package io.zta.verify.render;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.apache.maven.plugin.surefire.log.api.NullConsoleLogger;
import org.apache.maven.plugins.surefire.report.ReportTestCase;
import org.apache.maven.plugins.surefire.report.ReportTestSuite;
import org.apache.maven.plugins.surefire.report.TestSuiteXmlParser;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.w3c.dom.Document;
import org.w3c.dom.Element;

/** JUnit XML, read by Surefire's own reader. */
final class JUnitReportTest {
    /** Surefire's reader forms a suite for each class name: one of the posture, one of what could not be read. */
    private static List<ReportTestSuite> read(Dossier dossier) throws Exception {
        byte[] xml = Format.JUNIT.render(dossier).getBytes(StandardCharsets.UTF_8);
        return new TestSuiteXmlParser(new NullConsoleLogger())
                .parse(new InputStreamReader(new ByteArrayInputStream(xml), StandardCharsets.UTF_8));
    }

    @Test
    void surefire_counts_what_is_violated_and_what_is_not_known() throws Exception {
        List<ReportTestSuite> suites = read(Cases.everything());
        assertThat(suites).extracting(ReportTestSuite::getName).containsExactly("default", "snapshot");
        ReportTestSuite suite = suites.get(0);
        assertThat(suite.getNumberOfTests()).isEqualTo(4);
        assertThat(suite.getNumberOfFailures()).isEqualTo(2);
        assertThat(suite.getNumberOfErrors()).isEqualTo(1);
        assertThat(suite.getNumberOfSkipped()).isZero();
        assertThat(suites.get(1).getNumberOfErrors())
                .as("the file that was not read")
                .isEqualTo(1);
        ReportTestCase first = suite.getTestCases().get(0);
        assertThat(first.hasFailure()).isTrue();
        assertThat(first.getFailureType()).isEqualTo("ZTA-NET-001");
        assertThat(first.getFailureDetail()).contains("<script>alert(1)</script>", "evidence");
        assertThat(suite.getTestCases().get(3).isSuccessful()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"phase-0", "record-manifests", "posture"})
    void a_bundled_case_is_read_by_surefire(String name) throws Exception {
        Dossier dossier = Cases.record(name);
        assertThat(read(dossier).get(0).getTestCases()).hasSize(dossier.claims().size());
    }

    @Test
    void elements_attributes_and_their_order_are_those_of_surefires_schema() throws Exception {
        byte[] xml = Format.JUNIT.render(Cases.everything()).getBytes(StandardCharsets.UTF_8);
        Document document =
                DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new ByteArrayInputStream(xml));
        Element suite = document.getDocumentElement();
        assertThat(suite.getTagName()).isEqualTo("testsuite");
        for (String required : List.of("name", "time", "tests", "errors", "skipped", "failures")) {
            assertThat(suite.hasAttribute(required)).as(required).isTrue();
        }
        assertThat(children(suite)).startsWith("properties").doesNotHaveDuplicates();
        var cases = suite.getElementsByTagName("testcase");
        for (int i = 0; i < cases.getLength(); i++) {
            Element one = (Element) cases.item(i);
            assertThat(one.getAttribute("name")).isNotEmpty();
            assertThat(one.getAttribute("classname")).isNotEmpty();
            assertThat(one.getAttribute("time")).matches("[0-9]+(\\.[0-9]+)?");
            assertThat(children(one)).isSubsetOf("failure", "error");
        }
    }

    private static List<String> children(Element parent) {
        java.util.Set<String> names = new java.util.LinkedHashSet<>();
        for (var child = parent.getFirstChild(); child != null; child = child.getNextSibling()) {
            if (child instanceof Element element) {
                names.add(element.getTagName());
            }
        }
        return List.copyOf(names);
    }
}
