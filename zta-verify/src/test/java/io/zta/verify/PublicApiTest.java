package io.zta.verify;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.Member;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Type;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * What callers can name in the published modules, held against the baseline under {@code src/test/resources/api}: a
 * signature that is there may not go or change unnoticed. What is new may come; it is promised from the next release on,
 * when the baseline is written again. {@code -Papi-compat} compares class files with an earlier version's in more depth.
 */
class PublicApiTest {
    private static final Path BASELINES = Path.of("src/test/resources/api");
    /** What every object has. */
    private static final Set<String> ALWAYS = Set.of("equals", "hashCode", "toString");

    private static final List<String> MODULES = List.of("zta-core", "zta-istio", "zta-rbac", "zta-verify");

    @Test
    void what_callers_use_is_still_there() throws Exception {
        Map<String, Set<String>> now = signatures();
        assertThat(now.keySet()).containsExactlyElementsOf(MODULES);
        StringBuilder gone = new StringBuilder();
        for (String module : MODULES) {
            Path baseline = BASELINES.resolve(module + ".txt");
            if (System.getProperty("golden.update") != null) {
                Files.createDirectories(BASELINES);
                Files.writeString(baseline, String.join("\n", now.get(module)) + "\n");
                continue;
            }
            List<String> promised = Files.readAllLines(baseline);
            assertThat(promised).as(baseline.toString()).hasSizeGreaterThan(20);
            promised.stream()
                    .filter(signature -> !now.get(module).contains(signature))
                    .forEach(signature ->
                            gone.append('\n').append(module).append(": ").append(signature));
        }
        if (System.getProperty("golden.update") != null) {
            throw new AssertionError(
                    "rewrote " + BASELINES + ": read the difference, then run without -Dgolden.update");
        }
        assertThat(gone)
                .as(
                        "Signatures that callers of the last baseline may use are gone or changed. Keep them (deprecated), or say"
                                + " so under *API* in CHANGELOG.md and rewrite the baseline: mvn -Dfast -pl zta-verify -am test"
                                + " -Dtest=PublicApiTest -Dsurefire.failIfNoSpecifiedTests=false -Dgolden.update")
                .isEmpty();
    }

    @Test
    void the_check_sees_types_members_and_what_they_are_generic_in() throws Exception {
        Set<String> core = signatures().get("zta-core");
        assertThat(core)
                .contains(
                        "public final class io.zta.Posture extends io.zta.Intents",
                        "public static io.zta.Posture io.zta.Posture.parse(java.lang.String,java.lang.String)",
                        "public java.util.List<io.zta.finding.Doubt> io.zta.finding.Verdict$Unknown.doubts()")
                .noneMatch(signature -> signature.contains("io.zta.PostureReader"));
        assertThat(signatures().get("zta-verify")).noneMatch(signature -> signature.contains(".internal."));
    }

    private static Map<String, Set<String>> signatures() throws ClassNotFoundException {
        Map<String, Set<String>> byModule = new TreeMap<>();
        for (JavaClass type : new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                .importPackages("io.zta")) {
            Class<?> loaded = Class.forName(type.getName(), false, PublicApiTest.class.getClassLoader());
            boolean hidden = type.getPackageName().contains(".internal")
                    || type.getPackageName().endsWith(".cli")
                    || loaded.isAnonymousClass()
                    || loaded.isLocalClass();
            if (!hidden && isVisible(loaded)) {
                byModule.computeIfAbsent(ArchitectureTest.module(type), key -> new TreeSet<>())
                        .addAll(signatures(loaded));
            }
        }
        return byModule;
    }

    private static boolean isVisible(Class<?> type) {
        return isVisible(type.getModifiers())
                && (type.getEnclosingClass() == null || isVisible(type.getEnclosingClass()));
    }

    private static boolean isVisible(int modifiers) {
        return Modifier.isPublic(modifiers) || Modifier.isProtected(modifiers);
    }

    private static Set<String> signatures(Class<?> type) {
        Set<String> lines = new TreeSet<>();
        lines.add(head(type));
        members(type)
                .filter(member -> isVisible(member.getModifiers()) && !member.isSynthetic())
                // Nobody outside extends a class that is final or has no visible constructor.
                .filter(member -> Modifier.isPublic(member.getModifiers()) || !Modifier.isFinal(type.getModifiers()))
                .filter(member -> !ALWAYS.contains(member.getName()))
                .map(PublicApiTest::text)
                .forEach(lines::add);
        return lines;
    }

    private static Stream<? extends Member> members(Class<?> type) {
        return Stream.of(type.getDeclaredFields(), type.getDeclaredConstructors(), type.getDeclaredMethods())
                .flatMap(Arrays::stream)
                .map(AnnotatedElement.class::cast)
                .map(Member.class::cast);
    }

    private static String text(Member member) {
        String text = member instanceof Field field
                ? field.toGenericString()
                : member instanceof Constructor<?> constructor
                        ? constructor.toGenericString()
                        : ((Method) member).toGenericString();
        // How a method is made is nobody's business.
        return member instanceof Executable ? text.replaceAll("\\b(synchronized|native|strictfp) ", "") : text;
    }

    private static String head(Class<?> type) {
        String kind = type.isEnum() ? "enum" : type.isRecord() ? "record" : type.isInterface() ? "interface" : "class";
        int shown = type.getModifiers() & (Modifier.PUBLIC | Modifier.PROTECTED | Modifier.FINAL);
        String abstracted = kind.equals("class") && Modifier.isAbstract(type.getModifiers()) ? "abstract " : "";
        String sealing = type.isSealed()
                ? " permits "
                        + Stream.of(type.getPermittedSubclasses())
                                .map(Class::getName)
                                .sorted()
                                .collect(Collectors.joining(", "))
                : "";
        Type parent = type.getGenericSuperclass();
        boolean plain = parent == null || parent == Object.class || type.isEnum() || type.isRecord();
        String interfaces =
                Stream.of(type.getGenericInterfaces()).map(Type::getTypeName).collect(Collectors.joining(", "));
        return Modifier.toString(shown) + " " + abstracted + kind + " " + type.getName()
                + (plain ? "" : " extends " + parent.getTypeName())
                + (interfaces.isEmpty() ? "" : " implements " + interfaces)
                + sealing;
    }
}
