package io.zta.verify;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.ModifiersTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.DocTrees;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreePathScanner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import javax.lang.model.element.Modifier;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Everything that callers can name says what it is. Javac's own check of missing comments would want a {@code @param} and a
 * {@code @return} that repeat the first sentence; this one wants the sentence, and a word on each component of a record.
 */
class JavadocTest {
    private static final List<String> MODULES =
            List.of("zta-core", "zta-istio", "zta-rbac", "zta-verify", "zta-operator");

    @Test
    void what_callers_can_name_says_what_it_is() throws IOException {
        List<Path> files = new ArrayList<>();
        for (String module : MODULES) {
            try (Stream<Path> all = Files.walk(Path.of("..", module, "src/main/java"))) {
                all.filter(path -> path.toString().endsWith(".java"))
                        .filter(path -> !path.toString().matches(".*[/\\\\](internal|cli)[/\\\\].*"))
                        .forEach(files::add);
            }
        }
        Comments comments = new Comments();
        comments.read(files);
        assertThat(comments.seen).isGreaterThan(800);
        assertThat(comments.missing).isEmpty();
    }

    @Test
    void the_check_sees_what_is_not_said(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("Silent.java");
        Files.writeString(file, """
                /** Said. */
                public final class Silent {
                    public int number;
                    int hidden;
                    /** Said. */
                    public enum Sort { ONE, /** Said. */ TWO }
                    /** Said.
                     * @param first said */
                    public record Pair(int first, int second) {
                        public Pair {}
                        @Override public String toString() { return ""; }
                        public int sum() { return first + second; }
                    }
                    interface Own { void call(); }
                }
                """);
        Comments comments = new Comments();
        comments.read(List.of(file));
        assertThat(comments.missing)
                .containsExactly(
                        "Silent.java:3 number",
                        "Silent.java:6 ONE",
                        "Silent.java:9 Pair(second)",
                        "Silent.java:12 sum");
    }

    /** Reads sources and notes what is public and has no comment. */
    private static final class Comments extends TreePathScanner<Void, Boolean> {
        private final List<String> missing = new ArrayList<>();
        private int seen;
        private DocTrees trees;
        private CompilationUnitTree unit;

        void read(List<Path> files) throws IOException {
            JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
            try (StandardJavaFileManager manager = compiler.getStandardFileManager(null, null, null)) {
                Iterable<? extends JavaFileObject> sources = manager.getJavaFileObjectsFromPaths(files);
                JavacTask task =
                        (JavacTask) compiler.getTask(null, manager, null, List.of("-proc:none"), null, sources);
                trees = DocTrees.instance(task);
                for (CompilationUnitTree parsed : task.parse()) {
                    unit = parsed;
                    scan(parsed, true);
                }
            }
        }

        @Override
        public Void visitClass(ClassTree type, Boolean open) {
            Tree.Kind parent = getCurrentPath().getParentPath().getLeaf().getKind();
            boolean visible = open && isVisible(type.getModifiers(), parent);
            if (visible) {
                look(type, type.getSimpleName().toString());
                if (type.getKind() == Tree.Kind.RECORD) {
                    components(type);
                }
            }
            return super.visitClass(type, visible);
        }

        private void components(ClassTree type) {
            String comment = String.valueOf(trees.getDocComment(getCurrentPath()));
            for (Tree member : type.getMembers()) {
                if (member instanceof VariableTree field
                        && !field.getModifiers().getFlags().contains(Modifier.STATIC)
                        && !comment.matches("(?s).*@param\\s+" + field.getName() + "\\s+\\S.*")) {
                    note(type, type.getSimpleName() + "(" + field.getName() + ")");
                }
            }
        }

        @Override
        public Void visitMethod(MethodTree method, Boolean open) {
            ClassTree owner = (ClassTree) getCurrentPath().getParentPath().getLeaf();
            boolean overrides = method.getModifiers().getAnnotations().stream()
                    .anyMatch(annotation ->
                            annotation.getAnnotationType().toString().equals("Override"));
            boolean canonical = owner.getKind() == Tree.Kind.RECORD
                    && method.getName().contentEquals("<init>"); // its components are described at the record
            if (open && !overrides && !canonical && isVisible(method.getModifiers(), owner.getKind())) {
                look(method, method.getName().toString());
            }
            return null; // what is within is nobody's business
        }

        @Override
        public Void visitVariable(VariableTree field, Boolean open) {
            Tree owner = getCurrentPath().getParentPath().getLeaf();
            boolean component = owner.getKind() == Tree.Kind.RECORD
                    && !field.getModifiers().getFlags().contains(Modifier.STATIC);
            if (open && !component && owner instanceof ClassTree && isVisible(field.getModifiers(), owner.getKind())) {
                look(field, field.getName().toString());
            }
            return null;
        }

        private static boolean isVisible(ModifiersTree modifiers, Tree.Kind owner) {
            Set<Modifier> flags = modifiers.getFlags();
            return flags.contains(Modifier.PUBLIC)
                    || flags.contains(Modifier.PROTECTED)
                    || owner == Tree.Kind.INTERFACE && !flags.contains(Modifier.PRIVATE);
        }

        private void look(Tree tree, String name) {
            seen++;
            String comment = trees.getDocComment(getCurrentPath());
            if (comment == null || comment.isBlank()) {
                note(tree, name);
            }
        }

        private void note(Tree tree, String name) {
            long line =
                    unit.getLineMap().getLineNumber(trees.getSourcePositions().getStartPosition(unit, tree));
            Path file = Path.of(unit.getSourceFile().getName());
            missing.add(file.getFileName() + ":" + line + " " + name);
        }
    }
}
