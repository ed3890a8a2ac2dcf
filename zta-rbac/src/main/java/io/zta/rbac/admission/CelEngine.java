package io.zta.rbac.admission;

import dev.cel.bundle.Cel;
import dev.cel.bundle.CelFactory;
import dev.cel.common.CelFunctionDecl;
import dev.cel.common.CelOptions;
import dev.cel.common.CelOverloadDecl;
import dev.cel.common.CelValidationException;
import dev.cel.common.types.MapType;
import dev.cel.common.types.SimpleType;
import dev.cel.extensions.CelExtensions;
import dev.cel.parser.CelStandardMacro;
import dev.cel.runtime.CelEvaluationException;
import dev.cel.runtime.CelFunctionBinding;
import dev.cel.runtime.CelRuntime;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiFunction;

/**
 * Evaluates CEL as admission has it, the {@code authorizer} library included. Each expression is compiled once. Functions
 * that Kubernetes adds beside it (quantities, addresses, URLs) are not known here: what uses them can't be evaluated.
 *
 * <p>Loaded on first use only: CEL brings many classes.
 */
final class CelEngine {
    private static final List<String> VARIABLES = List.of(
            "object", "oldObject", "request", "params", "namespaceObject", "authorizer", "authorizer.requestResource");

    private static final Cel CEL = engine();
    private static final Map<String, Object> PROGRAMS = new ConcurrentHashMap<>();

    private CelEngine() {}

    /** What an expression came to. */
    sealed interface Outcome {
        /** A value. */
        record Value(Object value) implements Outcome {}

        /** The API server would fail on it as well. */
        record Failed(String why) implements Outcome {}

        /** It can't be evaluated here. */
        record Unclear(String why) implements Outcome {}
    }

    /** Evaluates an expression for a request. */
    static Outcome evaluate(String expression, CelInput input) {
        Object program = PROGRAMS.computeIfAbsent(expression, CelEngine::compile);
        if (!(program instanceof CelRuntime.Program ready)) {
            return new Outcome.Unclear("it can't be compiled here: " + program);
        }
        try {
            return new Outcome.Value(ready.eval((dev.cel.runtime.CelVariableResolver) input::resolve));
        } catch (CelEvaluationException e) {
            String missing = input.unknownTouched();
            return missing.isEmpty()
                    ? new Outcome.Failed(String.valueOf(e.getMessage()))
                    : new Outcome.Unclear("it depends on " + missing);
        }
    }

    private static Object compile(String expression) {
        try {
            return CEL.createProgram(CEL.compile(expression).getAst());
        } catch (CelValidationException | CelEvaluationException e) {
            return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
        }
    }

    private static Cel engine() {
        var builder = CelFactory.standardCelBuilder()
                .setOptions(CelOptions.current().build())
                .setStandardMacros(CelStandardMacro.STANDARD_MACROS)
                .addCompilerLibraries(CelExtensions.strings(), CelExtensions.optional())
                .addRuntimeLibraries(CelExtensions.strings(), CelExtensions.optional())
                .addVar("variables", MapType.create(SimpleType.STRING, SimpleType.DYN));
        VARIABLES.forEach(name -> builder.addVar(name, SimpleType.DYN));
        for (String step : List.of("group", "resource", "subresource", "namespace", "name", "path")) {
            member(builder, step, (check, text) -> ((CelAuthorizer) check).with(step, text));
        }
        member(builder, "check", (check, verb) -> ((CelAuthorizer) check).check(verb));
        decision(builder, "allowed", SimpleType.BOOL, true);
        decision(builder, "errored", SimpleType.BOOL, false);
        decision(builder, "reason", SimpleType.STRING, "");
        decision(builder, "error", SimpleType.STRING, "");
        builder.addFunctionDeclarations(CelFunctionDecl.newFunctionDeclaration(
                        "serviceAccount",
                        CelOverloadDecl.newMemberOverload(
                                "authorizer_serviceAccount",
                                SimpleType.DYN,
                                SimpleType.DYN,
                                SimpleType.STRING,
                                SimpleType.STRING)))
                .addFunctionBindings(CelFunctionBinding.from(
                        "authorizer_serviceAccount",
                        List.of(Object.class, String.class, String.class),
                        arguments -> ((CelAuthorizer) arguments[0])
                                .serviceAccount((String) arguments[1], (String) arguments[2])));
        return builder.build();
    }

    private static void member(
            dev.cel.bundle.CelBuilder builder, String name, BiFunction<Object, String, Object> function) {
        builder.addFunctionDeclarations(CelFunctionDecl.newFunctionDeclaration(
                        name,
                        CelOverloadDecl.newMemberOverload(
                                "authorizer_" + name, SimpleType.DYN, SimpleType.DYN, SimpleType.STRING)))
                .addFunctionBindings(
                        CelFunctionBinding.from("authorizer_" + name, Object.class, String.class, function::apply));
    }

    private static void decision(
            dev.cel.bundle.CelBuilder builder, String name, dev.cel.common.types.CelType type, Object whenAllowed) {
        builder.addFunctionDeclarations(CelFunctionDecl.newFunctionDeclaration(
                        name, CelOverloadDecl.newMemberOverload("decision_" + name, type, SimpleType.DYN)))
                .addFunctionBindings(CelFunctionBinding.from(
                        "decision_" + name,
                        Object.class,
                        decision -> name.equals("allowed")
                                ? (Object) ((CelAuthorizer.Decision) decision).allowed()
                                : whenAllowed));
    }
}
