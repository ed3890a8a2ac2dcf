package io.zta.verify.cli;

import java.lang.reflect.Constructor;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine;

/**
 * The commands by name. Only the class of the command that is asked for is loaded: reading the annotations of all of them
 * would take longer than most of the work they do.
 */
final class Commands {
    private static final Map<String, String> CLASSES = new LinkedHashMap<>();

    static {
        String[] names = {
            "render",
            "Render",
            "verify",
            "Verify",
            "reach",
            "Reach",
            "who-can",
            "WhoCan",
            "explain",
            "Explain",
            "diff",
            "Diff",
            "plan",
            "Plan",
            "apply",
            "Apply",
            "rollback",
            "Rollback",
            "status",
            "Status",
            "watch",
            "Watch",
            "probe",
            "Probe",
            "breakglass",
            "BreakGlass",
            "audit",
            "Audit",
            "completion",
            "Completion"
        };
        for (int i = 0; i < names.length; i += 2) {
            CLASSES.put(names[i], Commands.class.getPackageName() + "." + names[i + 1] + "Command");
        }
    }

    private Commands() {}

    /** The root command, with the asked command alone where there is one, with all of them otherwise. */
    static CommandLine lineFor(String... arguments) {
        for (int i = 0; i < arguments.length; i++) {
            if (arguments[i].equals("--cni")) {
                i++;
            } else if (!arguments[i].startsWith("-")) {
                Optional<Object> command = create(arguments[i]);
                if (command.isPresent() && !arguments[i].equals("completion")) {
                    return named(new CommandLine(new RootCommand()).addSubcommand(arguments[i], command.get()));
                }
                break;
            }
        }
        return all();
    }

    /** The root command with all commands that are on the class path. */
    static CommandLine all() {
        CommandLine line = new CommandLine(new RootCommand());
        for (String name : CLASSES.keySet()) {
            create(name).ifPresent(command -> line.addSubcommand(name, command));
        }
        return named(line);
    }

    /** Gives the root its synopsis; in its annotation every command would inherit it. */
    private static CommandLine named(CommandLine root) {
        root.getCommandSpec().usageMessage().customSynopsis("zta [--cni=CNI] COMMAND [ARGUMENTS]");
        return root;
    }

    private static Optional<Object> create(String name) {
        String className = CLASSES.get(name);
        if (className == null) {
            return Optional.empty();
        }
        try {
            Constructor<?> constructor = Class.forName(className).getDeclaredConstructor();
            constructor.setAccessible(true);
            return Optional.of(constructor.newInstance());
        } catch (ClassNotFoundException e) {
            return Optional.empty();
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("cannot create the command " + name, e);
        }
    }
}
