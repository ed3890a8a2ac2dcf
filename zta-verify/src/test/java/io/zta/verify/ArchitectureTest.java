package io.zta.verify;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.AccessTarget;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMember;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.domain.JavaType;
import com.tngtech.archunit.core.domain.properties.HasOwner;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

/** The rules of structure that hold over all published modules. */
class ArchitectureTest {
    private static final JavaClasses OURS = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("io.zta");

    /** What each module may use of the others. */
    private static final Map<String, Set<String>> BELOW = Map.of(
            "zta-core", Set.of(),
            "zta-istio", Set.of("zta-core"),
            "zta-rbac", Set.of("zta-core"),
            "zta-verify", Set.of("zta-core", "zta-istio", "zta-rbac"));

    private static final Pattern MODULE = Pattern.compile("/(zta-[a-z]+)[/-]");

    private static final String[] PURE = {
        "io.zta.intent", "io.zta.finding", "io.zta.compile", "io.zta.network..", "io.zta.istio..", "io.zta.rbac.."
    };

    private static final Pattern HIDDEN = Pattern.compile(
            "(com\\.fasterxml|com\\.google|org\\.immutables|org\\.yaml|picocli|org\\.roaringbitmap)\\..*"
                    + "|.*\\.Immutable[A-Z]\\w*");

    /** The module that a class file lies in: a directory of classes, or a jar, of the build or of a repository. */
    static String module(JavaClass type) {
        URI place = type.getSource().orElseThrow().getUri();
        Matcher matcher = MODULE.matcher(place.toString());
        String module = "";
        while (matcher.find()) {
            module = matcher.group(1); // the last one: the build itself may lie in a directory of such a name
        }
        return module;
    }

    @Test
    void every_published_module_is_looked_at() {
        Set<String> modules = new TreeSet<>();
        OURS.forEach(type -> modules.add(module(type)));
        assertThat(modules).isEqualTo(new TreeSet<>(BELOW.keySet()));
    }

    @Test
    void modules_depend_on_those_below_them_only() {
        classes()
                .should(new ArchCondition<JavaClass>("depend on modules below only") {
                    @Override
                    public void check(JavaClass type, ConditionEvents events) {
                        String own = module(type);
                        type.getDirectDependenciesFromSelf().forEach(dependency -> {
                            JavaClass target = dependency.getTargetClass();
                            if (target.getPackageName().startsWith("io.zta")
                                    && target.getSource().isPresent()) {
                                String other = module(target);
                                if (!other.equals(own) && !BELOW.get(own).contains(other)) {
                                    events.add(SimpleConditionEvent.violated(type, dependency.getDescription()));
                                }
                            }
                        });
                    }
                })
                .check(OURS);
    }

    @Test
    void a_package_belongs_to_one_module() {
        Map<String, Set<String>> modules = new TreeMap<>();
        OURS.forEach(type -> modules.computeIfAbsent(type.getPackageName(), name -> new TreeSet<>())
                .add(module(type)));
        assertThat(modules).allSatisfy((name, owners) -> assertThat(owners).hasSize(1));
        modules.forEach((name, owners) -> {
            String module = owners.iterator().next();
            if (!module.equals("zta-core")) {
                assertThat(name).startsWith("io.zta." + module.substring("zta-".length()));
            }
        });
    }

    @Test
    void packages_form_no_cycle_but_the_one_through_the_end_of_the_dsl() {
        slices().assignedFrom(new SliceAssignment() {
                    @Override
                    public SliceIdentifier getIdentifierOf(JavaClass type) {
                        return SliceIdentifier.of(type.getPackageName());
                    }

                    @Override
                    public String getDescription() {
                        return "packages";
                    }
                })
                .should()
                .beFreeOfCycles()
                // A layer stands in its module's root package, where ServiceLoader users look, and calls its
                // subpackages.
                .ignoreDependency(
                        com.tngtech.archunit.core.domain.JavaClass.Predicates.simpleName("ApiLayer"),
                        com.tngtech.archunit.base.DescribedPredicate.alwaysTrue())
                // posture.manifests() is the DSL's last call, and compiles: docs/adr/0005-root-package-cycle.md
                .ignoreDependency(resideInAPackage("io.zta"), resideInAPackage("io.zta.compile"))
                .check(OURS);
    }

    @Test
    void no_class_uses_the_internals_of_another_module() {
        classes()
                .should(new ArchCondition<JavaClass>("leave internals of other modules alone") {
                    @Override
                    public void check(JavaClass type, ConditionEvents events) {
                        type.getDirectDependenciesFromSelf().stream()
                                .filter(dependency -> dependency
                                        .getTargetClass()
                                        .getPackageName()
                                        .matches("io\\.zta\\..*internal.*"))
                                .filter(dependency ->
                                        !module(dependency.getTargetClass()).equals(module(type)))
                                .forEach(dependency ->
                                        events.add(SimpleConditionEvent.violated(type, dependency.getDescription())));
                    }
                })
                .check(OURS);
    }

    @Test
    void public_signatures_show_no_library_that_could_be_exchanged() {
        classes().that().arePublic().should(hideLibraries()).check(OURS);
    }

    @Test
    void the_check_of_signatures_sees_type_arguments() {
        JavaClasses bad = new ClassFileImporter().importClasses(Shows.class);
        ArchRule rule = classes().should(hideLibraries());
        assertThatThrownBy(() -> rule.check(bad)).hasMessageContaining("ObjectMapper");
    }

    /** A signature as it must not be. */
    public static final class Shows {
        public List<Map<String, ObjectMapper>> mappers() {
            return new ArrayList<>();
        }
    }

    private static ArchCondition<JavaClass> hideLibraries() {
        return new ArchCondition<>("hide exchangeable libraries in public signatures") {
            @Override
            public void check(JavaClass type, ConditionEvents events) {
                Stream<JavaType> parents = Stream.concat(type.getSuperclass().stream(), type.getInterfaces().stream());
                parents.forEach(parent -> look(type, type.getFullName(), parent, events));
                type.getFields().stream()
                        .filter(ArchitectureTest::isVisible)
                        .forEach(field -> look(type, field.getFullName(), field.getType(), events));
                type.getCodeUnits().stream().filter(ArchitectureTest::isVisible).forEach(unit -> {
                    look(type, unit.getFullName(), unit.getReturnType(), events);
                    unit.getParameterTypes().forEach(parameter -> look(type, unit.getFullName(), parameter, events));
                    unit.getExceptionTypes().forEach(thrown -> look(type, unit.getFullName(), thrown, events));
                });
            }

            private void look(JavaClass type, String where, JavaType shown, ConditionEvents events) {
                shown.getAllInvolvedRawTypes().stream()
                        .filter(raw -> HIDDEN.matcher(raw.getName()).matches())
                        .forEach(raw ->
                                events.add(SimpleConditionEvent.violated(type, where + " shows " + raw.getName())));
            }
        };
    }

    private static boolean isVisible(JavaMember member) {
        return member.getModifiers().contains(JavaModifier.PUBLIC)
                || member.getModifiers().contains(JavaModifier.PROTECTED);
    }

    @Test
    void what_is_asked_found_and_reported_knows_no_kubernetes_model() {
        noClasses()
                .that(resideInAnyPackage("io.zta.intent", "io.zta.finding")
                        .or(nameMatching("io\\.zta\\.verify\\.Report(\\$.*)?")))
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.fabric8..")
                .check(OURS);
    }

    @Test
    void names_say_what_a_thing_is() {
        noClasses()
                .that()
                .doNotHaveSimpleName("TrustedBase") // the domain's own word, not a base class
                .should()
                .haveNameMatching(".*(Util|Utils|Helper|Helpers|Manager|Impl|Base|Data|Info)(\\$\\w+)?")
                .check(OURS);
        noClasses()
                .should()
                .resideInAnyPackage("..util..", "..common..", "..impl..", "..helpers..")
                .check(OURS);
    }

    @Test
    void pure_packages_use_no_client_logger_or_clock() {
        noClasses()
                .that()
                .resideInAnyPackage(PURE)
                .should()
                .dependOnClassesThat(resideInAnyPackage(
                                "io.fabric8.kubernetes.client..",
                                "org.slf4j..",
                                "java.util.logging..",
                                "java.net.http..")
                        .or(nameMatching("java\\.time\\.Clock|java\\.util\\.(Random|SplittableRandom)"
                                + "|java\\.util\\.concurrent\\.ThreadLocalRandom|java\\.security\\.SecureRandom"
                                + "|java\\.lang\\.System\\$Logger.*|java\\.lang\\.ProcessBuilder")))
                .check(OURS);
    }

    @Test
    void pure_packages_ask_for_no_time_chance_or_environment() {
        noClasses()
                .that()
                .resideInAnyPackage(PURE)
                .and()
                .doNotHaveFullyQualifiedName("io.zta.istio.Addresses") // literals alone: no name server is asked
                .should()
                .accessTargetWhere(impure())
                .check(OURS);
    }

    private static DescribedPredicate<JavaAccess<?>> impure() {
        Set<String> ofSystem =
                Set.of("currentTimeMillis", "nanoTime", "getenv", "getProperty", "getProperties", "getLogger", "exit");
        DescribedPredicate<AccessTarget> target =
                DescribedPredicate.describe("reads time, chance or environment", t -> {
                    String owner = ((HasOwner<JavaClass>) t).getOwner().getName();
                    String name = t.getName();
                    return owner.equals("java.lang.System")
                                    && (ofSystem.contains(name) || name.equals("out") || name.equals("err"))
                            || owner.startsWith("java.time.") && name.equals("now")
                            || owner.equals("java.util.UUID") && name.equals("randomUUID")
                            || owner.equals("java.lang.Math") && name.equals("random")
                            || owner.equals("java.util.Collections") && name.equals("shuffle")
                            || owner.equals("java.util.Date") && name.equals("<init>")
                            || owner.equals("java.net.InetAddress") && name.startsWith("get");
                });
        return DescribedPredicate.describe(
                "targets that read time, chance or environment", access -> target.test(access.getTarget()));
    }

    @Test
    void every_package_says_that_nothing_in_it_is_null() {
        Set<String> unmarked = new TreeSet<>();
        OURS.forEach(type -> {
            if (!type.getPackage().isAnnotatedWith(NullMarked.class)) {
                unmarked.add(type.getPackageName());
            }
        });
        assertThat(unmarked).isEmpty();
    }
}
